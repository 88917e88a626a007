// Gzip as GRUB's gzio undoes it for what it loads. Pure.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace bulkhead::measure {

// What does not begin with gzip's magic number is given back as it is. More than `limit` bytes inside, a broken stream
// or bytes behind it is an error.
Result<std::string> gunzip(std::string_view bytes, std::size_t limit);

} // namespace bulkhead::measure
