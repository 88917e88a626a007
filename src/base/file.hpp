// Whole files: read with a bound, written so that a reader sees the old or the new content, never half.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace bulkhead {

// At most `limit` bytes; a longer file is an error. Reads until end of file, so /proc and /sys work.
Result<std::string> read_file(const std::string& path, std::size_t limit);

// Everything behind the file's offset, in parts.
Status read_parts(const Fd& file, const std::function<Status(std::string_view)>& take);

// Writes PATH.tmp.PID, syncs it and renames it over PATH. Nothing is left behind on failure.
Status write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode = 0644);

// Writes to an existing file as it is: for /proc, /sys and device nodes.
Status write_to(const std::string& path, std::string_view bytes);

// All of `bytes`, retrying after EINTR and short writes. The fd must be blocking.
Status write_all(int fd, std::string_view bytes);

// mkdir -p.
Status make_directories(const std::string& path, unsigned mode = 0755);

bool exists(const std::string& path);

} // namespace bulkhead
