// Link: one network interface as the kernel describes it.
#pragma once

#include "base/mac_address.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::net {

// What Xen's network back ends carry on the backend side: the highest unicast address, so that a bridge, which takes
// the lowest address of its ports, never takes it (xen-network-common.sh, Linux xen-netback/interface.c).
inline constexpr MacAddress vif_mac = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff};

struct Link {
    int index = 0;
    std::string name;
    std::string kind;  // "bridge", "veth", ...; empty for hardware and netback
    std::string alias; // IFLA_IFALIAS: a text for people, kept by the kernel
    MacAddress mac{};  // zero when the link has no Ethernet address
    unsigned mtu = 0;
    int master = 0;        // index of its bridge; 0: none
    bool ethernet = false; // ARPHRD_ETHER
    bool up = false;       // IFF_UP: administratively
    bool carrier = false;  // IFF_LOWER_UP: the other end is there
    bool loopback = false;
    bool operator==(const Link&) const = default;
};

// What to change; what is absent stays.
struct LinkChange {
    std::optional<std::string> name; // the link must be down
    std::optional<std::string> alias;
    std::optional<unsigned> mtu;
    std::optional<MacAddress> mac; // most drivers want the link to be down
    std::optional<int> master;     // 0: out of its bridge
    std::optional<bool> up;
};

// dev_valid_name() of Linux: 1 to 15 bytes, no '/', ':' or white space, not "." or "..". We also refuse control
// characters and '%', which the kernel takes for a pattern.
bool valid_link_name(std::string_view name);

} // namespace bulkhead::net
