// Ethernet addresses as text. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::xen {

using Mac = std::array<std::uint8_t, 6>;

// Six pairs of hex digits with colons between them.
std::optional<Mac> parse_mac(std::string_view text);
std::string mac_text(const std::uint8_t* bytes); // lower case

// A random one of Xen's range, 00:16:3e:00:00:00 to 00:16:3e:7f:ff:ff, as libxl makes them.
std::string new_mac();

} // namespace bulkhead::xen
