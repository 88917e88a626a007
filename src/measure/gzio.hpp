// What GRUB's gzio makes of a file that it loads. Pure.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace bulkhead::measure {

// Unpacked if it is gzip, else as it is. More than `limit` bytes inside, a damaged stream or bytes behind it is an
// error.
Result<std::string> as_loaded(std::string_view file, std::size_t limit);

} // namespace bulkhead::measure
