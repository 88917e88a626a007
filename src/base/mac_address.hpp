// MacAddress: the six bytes of an Ethernet address.
#pragma once

#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bulkhead {

using MacAddress = std::array<std::uint8_t, 6>;

// Six pairs of hexadecimal digits with ':' between them.
Result<MacAddress> parse_mac(std::string_view text);
std::string format_mac(std::span<const std::uint8_t, 6> mac); // lower case

} // namespace bulkhead
