// SHA-256 as lower-case hexadecimal text.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace bulkhead::image {

std::string sha256(std::string_view bytes);
Result<std::string> sha256_file(const std::string& path);

} // namespace bulkhead::image
