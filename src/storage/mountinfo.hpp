// /proc/PID/mountinfo and /proc/swaps (proc(5)). Pure.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::storage {

struct Mount {
    unsigned major = 0, minor = 0; // st_dev of the files on it; major 0: the file system has no block device of its own
    std::string point;             // unescaped; may hold any byte but NUL
    std::string type, source;
    bool writes = true; // the superblock is read-write: a mount that is only itself "ro" may still write its journal
};

// One line that is not a mount is an error, which names the line.
Result<std::vector<Mount>> parse_mountinfo(std::string_view text);

// The names of what is swapped to: devices or files.
Result<std::vector<std::string>> parse_swaps(std::string_view text);

inline constexpr std::size_t mountinfo_size_max = 16 << 20;

} // namespace bulkhead::storage
