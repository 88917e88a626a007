// MacAddress: the six bytes of an Ethernet address.
#pragma once

#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::net {

using MacAddress = std::array<std::uint8_t, 6>;

// What Xen's network back ends carry on the backend side: the highest unicast address, so that a bridge, which takes
// the lowest address of its ports, never takes it (xen-network-common.sh, Linux xen-netback/interface.c).
inline constexpr MacAddress vif_mac = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff};

// Six pairs of hexadecimal digits with ':' between them.
Result<MacAddress> parse_mac(std::string_view text);
std::string format_mac(const MacAddress& mac); // lower case

} // namespace bulkhead::net
