// Amounts of memory as xl(1) takes them. Pure.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string_view>

namespace bulkhead {

// "128" (MiB), or a number and one of b, k, m, g, t in either case. In KiB, rounded down; 1 KiB to 1 PiB.
Result<std::uint64_t> parse_memory_kib(std::string_view text);

} // namespace bulkhead
