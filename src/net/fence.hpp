// What may pass between the ports of bridges, as one table of nf_tables' bridge family. Pure.
//
// Anti-spoofing, where a port enters a bridge and before the bridge learns anything from the frame: a port with `mac`
// sends from that address only, by ARP too; one with addresses besides sends nothing but ARP, IPv4 and IPv6 from these
// (and what has no address yet asks for one: ARP probes, DHCP, IPv6's duplicate detection and router solicitation).
// Router advertisements and redirects do not come from such a port.
//
// Isolation, where a frame is forwarded: ports that have a type in common may exchange frames. Ports without a policy
// may among themselves. Uplinks may with all. What else is on a bridge of this network namespace: see Others.
//
// Rules and elements grow with the ports, their addresses and their types, never with their pairs.
#pragma once

#include "base/mac_address.hpp"
#include "base/result.hpp"
#include "net/nft_message.hpp"
#include "net/port_rules.hpp"

#include <string>
#include <vector>

namespace bulkhead::net {

struct FencePort : PortRules {
    std::string name; // of the network link: valid_link_name()
    bool uplink = false;
    bool operator==(const FencePort&) const = default;
};

// What is no port of the fence.
enum class Others {
    nobody,  // may exchange frames with nobody: in a driver domain, where all ports are known
    by_name, // in dom0: what netback or QEMU calls a vif ("vif3.0") is one without a policy, and all else an uplink
};

inline constexpr const char* fence_table = "bulkhead";

// Makes the table, instead of one that is there. Names must differ from each other.
nft::Batch fence_rules(const std::vector<FencePort>& ports, Others others);
nft::Batch no_fence(); // removes it, whether or not it is there

// The link-local address that IPv6 derives from a MAC address (RFC 4291, appendix A).
Ip6Address link_local(const MacAddress& mac);

} // namespace bulkhead::net
