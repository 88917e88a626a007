#include "image/initramfs.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::image {
namespace {

constexpr std::size_t longest_name = 1024;

Status check_path(const std::string& path) {
    const auto bad = [&](const char* why) {
        return fail("initramfs: bad path \"" + printable(path, 80) + "\": " + why);
    };
    if (path.size() < 2 || path[0] != '/') return bad("it must be absolute and not / itself");
    if (path.size() > longest_name) return bad("longer than 1024 bytes");
    if (path.find('\0') != std::string::npos) return bad("it holds a NUL byte");
    for (const std::string_view part : split(std::string_view(path).substr(1), '/')) {
        if (part.empty() || part == "." || part == "..") return bad("empty, \".\" and \"..\" components are refused");
    }
    return {};
}

std::string parent_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};
struct FreeWriter {
    void operator()(struct archive* writer) const { ::archive_write_free(writer); }
};
struct FreeEntry {
    void operator()(struct archive_entry* entry) const { ::archive_entry_free(entry); }
};

// libarchive calls back with the archive's bytes; the first failure of the sink is kept for the caller.
struct Output {
    Compressor* compressor = nullptr;
    Status status;
};

la_ssize_t write_output(struct archive* writer, void* data, const void* bytes, size_t size) {
    auto* output = static_cast<Output*>(data);
    output->status = output->compressor->write({static_cast<const char*>(bytes), size});
    if (output->status) return static_cast<la_ssize_t>(size);
    ::archive_set_error(writer, EIO, "%s", "sink");
    return -1;
}

Status write_disk_file(struct archive* writer, const std::string& source, std::uint64_t size, const Output& output) {
    const Fd file(::open(source.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail_errno(source);
    char buffer[64 * 1024];
    std::uint64_t done = 0;
    for (;;) {
        const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(source);
        done += static_cast<std::uint64_t>(got);
        // The size stands in the header before the content: a file that changes meanwhile would corrupt the archive.
        if (done > size || (got == 0 && done != size)) return fail(source + ": changed while it was being read");
        if (got == 0) return {};
        if (::archive_write_data(writer, buffer, static_cast<size_t>(got)) != got) {
            if (!output.status) return output.status;
            return fail("initramfs: " + std::string(::archive_error_string(writer)));
        }
    }
}

} // namespace

Status Initramfs::add(const std::string& path, Entry entry) {
    TRY(check_path(path));
    for (std::string parent = parent_of(path); !parent.empty(); parent = parent_of(parent)) {
        const auto found = entries_.find(parent);
        if (found != entries_.end() && found->second.kind != Entry::Kind::directory)
            return fail(join({"initramfs: ", path, " cannot be added: ", parent, " is not a directory"}, ""));
    }
    const auto found = entries_.find(path);
    if (found != entries_.end()) {
        if (found->second.kind != Entry::Kind::directory || entry.kind != Entry::Kind::directory)
            return fail("initramfs: " + path + " is there twice");
        found->second.mode = entry.mode;
        return {};
    }
    for (std::string parent = parent_of(path); !parent.empty(); parent = parent_of(parent)) {
        if (!entries_.emplace(parent, Entry{Entry::Kind::directory, 0755, {}}).second) break;
    }
    entries_.emplace(path, std::move(entry));
    return {};
}

Status Initramfs::add_directory(const std::string& path, unsigned mode) {
    return add(path, {Entry::Kind::directory, mode, {}});
}

Status Initramfs::add_file(const std::string& path, std::string bytes, unsigned mode) {
    return add(path, {Entry::Kind::file, mode, std::move(bytes)});
}

Status Initramfs::add_file_from(const std::string& path, const std::string& source, unsigned mode) {
    struct stat info {};
    if (::stat(source.c_str(), &info) != 0) return fail_errno(source);
    if (!S_ISREG(info.st_mode)) return fail(source + ": not a regular file");
    if (::access(source.c_str(), R_OK) != 0) return fail_errno(source);
    return add(path, {Entry::Kind::disk_file, mode, source});
}

Status Initramfs::add_symlink(const std::string& path, const std::string& target) {
    if (target.empty() || target.size() > longest_name || target.find('\0') != std::string::npos)
        return fail("initramfs: bad target of the symbolic link " + path);
    return add(path, {Entry::Kind::symlink, 0777, target});
}

Status Initramfs::add_device(const std::string& path, char type, std::uint32_t major, std::uint32_t minor,
                             unsigned mode) {
    if (type != 'c' && type != 'b') return fail("initramfs: " + path + ": a device is of type c or b");
    Entry entry{type == 'c' ? Entry::Kind::character : Entry::Kind::block, mode, {}};
    entry.major = major;
    entry.minor = minor;
    return add(path, std::move(entry));
}

Status Initramfs::add_tree(const std::string& source, const std::function<std::string(const std::string&)>& rename) {
    std::vector<std::string> folders = {""}; // below `source`
    while (!folders.empty()) {
        const std::string folder = std::move(folders.back());
        folders.pop_back();
        const std::unique_ptr<DIR, CloseDirectory> open(::opendir((source + folder).c_str()));
        if (!open) return fail_errno(source + folder);
        while (const dirent* item = ::readdir(open.get())) {
            const std::string leaf = item->d_name;
            if (leaf == "." || leaf == "..") continue;
            const std::string path = join({folder, leaf}, "/");
            const std::string target = rename(path);
            if (target.empty()) continue;
            struct stat info {};
            if (::lstat((source + path).c_str(), &info) != 0) return fail_errno(source + path);
            if (S_ISDIR(info.st_mode)) {
                TRY(add_directory(target));
                folders.push_back(path);
            } else if (S_ISREG(info.st_mode)) {
                TRY(add_file_from(target, source + path, (info.st_mode & 0100) != 0 ? 0755 : 0644));
            } else if (S_ISLNK(info.st_mode)) {
                char link[longest_name + 1];
                const ssize_t size = ::readlink((source + path).c_str(), link, sizeof link);
                if (size < 0) return fail_errno(source + path);
                TRY(add_symlink(target, std::string(link, static_cast<std::size_t>(size))));
            }
        }
    }
    return {};
}

Status Initramfs::emit(Compression compression, const Compressor::Sink& sink) const {
    const std::unique_ptr<Compressor> compressor = TRY(Compressor::create(compression, sink));
    Output output{compressor.get(), {}};
    const std::unique_ptr<struct archive, FreeWriter> writer(::archive_write_new());
    const std::unique_ptr<struct archive_entry, FreeEntry> header(::archive_entry_new());
    if (!writer || !header) return fail("libarchive: out of memory");
    const auto failed = [&]() -> Status {
        if (!output.status) return output.status;
        const char* text = ::archive_error_string(writer.get());
        return fail("libarchive: " + std::string(text != nullptr ? text : "unknown error"));
    };
    if (::archive_write_set_format_cpio_newc(writer.get()) != ARCHIVE_OK) return failed();
    ::archive_write_set_bytes_per_block(writer.get(), 64 * 1024);
    ::archive_write_set_bytes_in_last_block(writer.get(), 1); // no padding to the block at the end
    if (::archive_write_open(writer.get(), &output, nullptr, write_output, nullptr) != ARCHIVE_OK) return failed();

    std::int64_t inode = 0;
    for (const auto& [path, entry] : entries_) {
        ::archive_entry_clear(header.get());
        ::archive_entry_set_pathname(header.get(), path.c_str() + 1); // relative: unpacked from the root
        ::archive_entry_set_perm(header.get(), static_cast<mode_t>(entry.mode & 07777));
        ::archive_entry_set_ino64(header.get(), ++inode);
        ::archive_entry_set_nlink(header.get(), entry.kind == Entry::Kind::directory ? 2 : 1);
        ::archive_entry_set_uid(header.get(), 0);
        ::archive_entry_set_gid(header.get(), 0);
        ::archive_entry_set_mtime(header.get(), 0, 0);
        ::archive_entry_set_size(header.get(), 0);
        std::uint64_t disk_size = 0;
        switch (entry.kind) {
        case Entry::Kind::directory:
            ::archive_entry_set_filetype(header.get(), AE_IFDIR);
            break;
        case Entry::Kind::file:
            ::archive_entry_set_filetype(header.get(), AE_IFREG);
            ::archive_entry_set_size(header.get(), static_cast<la_int64_t>(entry.content.size()));
            break;
        case Entry::Kind::disk_file: {
            struct stat info {};
            if (::stat(entry.content.c_str(), &info) != 0) return fail_errno(entry.content);
            disk_size = static_cast<std::uint64_t>(info.st_size);
            if (disk_size > 0xffffffffU) return fail(entry.content + ": too large for a newc archive (4 GiB)");
            ::archive_entry_set_filetype(header.get(), AE_IFREG);
            ::archive_entry_set_size(header.get(), info.st_size);
            break;
        }
        case Entry::Kind::symlink:
            ::archive_entry_set_filetype(header.get(), AE_IFLNK);
            ::archive_entry_set_symlink(header.get(), entry.content.c_str());
            break;
        case Entry::Kind::character:
        case Entry::Kind::block:
            ::archive_entry_set_filetype(header.get(), entry.kind == Entry::Kind::character ? AE_IFCHR : AE_IFBLK);
            ::archive_entry_set_rdevmajor(header.get(), entry.major);
            ::archive_entry_set_rdevminor(header.get(), entry.minor);
            break;
        }
        if (::archive_write_header(writer.get(), header.get()) != ARCHIVE_OK)
            return context(failed(), "initramfs: " + path);
        if (entry.kind == Entry::Kind::file && !entry.content.empty() &&
            ::archive_write_data(writer.get(), entry.content.data(), entry.content.size()) !=
                static_cast<la_ssize_t>(entry.content.size()))
            return context(failed(), "initramfs: " + path);
        if (entry.kind == Entry::Kind::disk_file) TRY(write_disk_file(writer.get(), entry.content, disk_size, output));
    }
    if (::archive_write_close(writer.get()) != ARCHIVE_OK) return failed();
    return compressor->finish();
}

Result<std::string> Initramfs::build(Compression compression) const {
    std::string bytes;
    TRY(emit(compression, [&](std::string_view part) -> Status {
        bytes.append(part);
        return {};
    }));
    return bytes;
}

Status Initramfs::write(const std::string& file, Compression compression) const {
    const std::string temporary = file + ".tmp." + std::to_string(::getpid());
    Fd output(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!output) return fail_errno(temporary);
    bool full = false;
    Status done = emit(compression, [&](std::string_view part) -> Status {
        Status put = write_all(output.get(), part);
        full = !put && (put.error().code == ENOSPC || put.error().code == EDQUOT);
        return context(std::move(put), file);
    });
    // Closing tells about errors that some file systems report late; an fsync would cost seconds and a lost cache is
    // rebuilt.
    if (const int fd = output.release(); ::close(fd) != 0 && done) done = fail_errno(file);
    if (done && ::rename(temporary.c_str(), file.c_str()) != 0) done = fail_errno("rename to " + file);
    if (done) return {};
    ::unlink(temporary.c_str());
    if (full) return fail("no space left for " + file + ": free some on its disk, or choose another folder", ENOSPC);
    return done;
}

} // namespace bulkhead::image
