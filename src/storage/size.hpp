// Sizes as people write them. Pure.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::storage {

// "10G", "512M", "1.5T", "4096": K, M, G, T are powers of 1024 (a lower-case letter or "GiB" means the same), no letter
// is bytes. At least one sector of 512 bytes, at most 2^62; the result is rounded up to a whole sector.
Result<std::uint64_t> parse_size(std::string_view text);

// For people, with at most one decimal, rounded down: "10G", "1.5T", "100B".
std::string size_text(std::uint64_t bytes);

} // namespace bulkhead::storage
