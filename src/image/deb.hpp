// The content of a Debian binary package (deb(5)): an ar archive of debian-binary, control.tar.* and data.tar.*.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace bulkhead::image {

struct DebEntry {
    enum class Kind { directory, file, symlink, hardlink } kind;
    std::string path;   // relative, without "." and "..": "usr/bin/xl"
    unsigned mode;      // permission bits
    std::string target; // symbolic link: as it is; hard link: a path like `path`
};

struct DebVisitor {
    // Called for each entry of data.tar; then, for a file, content() with its pieces in order, and end(). An error
    // stops the reading.
    std::function<Status(const DebEntry&)> entry;
    std::function<Status(std::string_view)> content;
    std::function<Status()> end;
};

struct DebControl {
    std::string package, version, architecture;
};

// Bounds: 8 GiB unpacked, 500 000 entries, paths of 1 KiB. Devices, pipes, absolute paths and ".." are errors.
Result<DebControl> read_deb(std::string_view bytes, const DebVisitor& visitor);

// Unpacks the package's files into `folder`, which must exist and be empty. Nothing is written through a symbolic link,
// the umask does not matter, owner and times are ours. Set-uid bits and write permission of others are dropped.
Result<DebControl> unpack_deb(const std::string& file, const std::string& folder);

} // namespace bulkhead::image
