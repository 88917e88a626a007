// What one port of a bridge must obey, and how the toolstack says it to the agent of a driver domain: a text of words,
//
//     mac=00:16:3e:00:00:30 ip=10.0.0.5,fd00::5 types=A-Bank,B-Bank
//
// each at most once, in any order. The name of a type is printable ASCII without space and comma. Pure.
#pragma once

#include "base/mac_address.hpp"
#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::net {

using Ip4Address = std::array<std::uint8_t, 4>;
using Ip6Address = std::array<std::uint8_t, 16>;

struct PortRules {
    std::optional<MacAddress> mac; // nullopt: no anti-spoofing, whatever the addresses
    std::vector<Ip4Address> ip4;
    std::vector<Ip6Address> ip6;
    std::optional<std::vector<std::string>> types; // sorted; nullopt: no policy; none: the uplinks only
    [[nodiscard]] bool none() const { return !mac && !types; }
    bool operator==(const PortRules&) const = default;
};

constexpr std::size_t port_rules_max = 3500;   // bytes of the text: a node of xenstore, and its path, take 4096
constexpr std::size_t port_addresses_max = 64; // of each port

// "" is a port without rules. The addresses of a text without mac= are an error, and so is anything else.
Result<PortRules> parse_port_rules(std::string_view text);
// The text for rules; an error when it would be longer than port_rules_max, or a type's name cannot be written.
Result<std::string> print_port_rules(const PortRules& rules);

// Adds an address, IPv4 or IPv6, to the rules.
Status add_address(PortRules& rules, std::string_view text);
// The names of types, sorted and each once. An error for one that is empty or has other characters than above.
Result<std::vector<std::string>> type_names(const std::vector<std::string_view>& names);

} // namespace bulkhead::net
