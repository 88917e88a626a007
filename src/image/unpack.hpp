// Unpacks one stream in a compression that kernels and modules come in. Pure.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace bulkhead::image {

// gzip, xz or zstd, told by its magic number; what follows the stream is ignored. More than `limit` bytes of output is
// an error.
Result<std::string> unpack(std::string_view packed, std::size_t limit);

} // namespace bulkhead::image
