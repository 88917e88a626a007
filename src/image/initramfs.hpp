// Initramfs: a Linux initial RAM file system as a newc cpio archive
// (Documentation/driver-api/early-userspace/buffer-format.rst).
//
// The same entries give the same bytes, whatever the time, user, umask or order of the calls: entries are sorted by
// path, owned by 0:0, dated 1970-01-01, and the compressor runs in one thread with fixed settings.
//
//     Initramfs image;
//     TRY(image.add_file_from("/init", "build/src/agent/bulkhead-agent", 0755));
//     TRY(image.write("ndvm/initramfs", Compression::zstd));
#pragma once

#include "base/result.hpp"
#include "image/compress.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace bulkhead::image {

class Initramfs {
public:
    // Paths are absolute ("/etc/fstab"); "..", "." and empty components, NUL bytes and paths over 1 KiB are refused.
    // Parent directories appear by themselves (0755). A path that is there already is an error, except a directory that
    // is a directory again. Nothing may be added below a symbolic link: the kernel would unpack it wherever the link
    // points.
    Status add_directory(const std::string& path, unsigned mode = 0755);
    Status add_file(const std::string& path, std::string bytes, unsigned mode = 0644);
    // The file is read when the archive is written; that it is a readable regular file is checked here.
    Status add_file_from(const std::string& path, const std::string& source, unsigned mode = 0644);
    Status add_symlink(const std::string& path, const std::string& target);
    Status add_device(const std::string& path, char type, std::uint32_t major, std::uint32_t minor,
                      unsigned mode = 0600); // 'c' or 'b'

    // Adds a folder's files, links and directories. `rename` gets each one's path below `source` ("/usr/bin/xl") and
    // returns its path in the image, or "" to leave it out (a directory with everything in it). Modes become 0755 or
    // 0644, so that they do not depend on the umask under which the folder was made. Sockets, devices and pipes are
    // left out.
    Status add_tree(const std::string& source, const std::function<std::string(const std::string& path)>& rename);

    [[nodiscard]] bool contains(const std::string& path) const { return entries_.count(path) != 0; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); } // number of entries, parent directories included

    Result<std::string> build(Compression compression) const;
    // Through FILE.tmp.PID: the old file or the whole new one, never half. A full disk has its own message.
    Status write(const std::string& file, Compression compression) const;

private:
    struct Entry {
        enum class Kind { directory, file, disk_file, symlink, character, block } kind;
        unsigned mode;
        std::string content; // bytes, source path or link target
        std::uint32_t major = 0, minor = 0;
    };

    Status add(const std::string& path, Entry entry);
    Status emit(Compression compression, const Compressor::Sink& sink) const;

    std::map<std::string, Entry> entries_; // by path, so that the order is fixed and parents come first
};

} // namespace bulkhead::image
