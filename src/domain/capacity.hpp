// How many vifs a driver domain can carry. Pure.
#pragma once

#include "xen/quota.hpp"

#include <optional>
#include <string_view>

namespace bulkhead::domain {

// Nodes and watches of one vif in xenstore that count as its driver domain's: libxl's and netback's nodes with their
// folder, netback's watches on the other end, hotplug-status, rate and multicast filter
// (drivers/net/xen-netback/xenbus.c of Linux 6.1).
constexpr unsigned nodes_per_vif = 32;
constexpr unsigned watches_per_vif = 4;

// Of one queue of a vif: netback binds one event channel per direction, and maps both rings and at most 256 slots of a
// frame on its way out (drivers/net/xen-netback: interface.c, netback.c, XEN_NETIF_TX_RING_SIZE).
constexpr unsigned channels_per_queue = 2;
constexpr unsigned mappings_per_queue = 258;

// What Xen allows one domain.
struct XenLimits {
    unsigned event_channels = 1023;  // libxl's default (libxl_create.c)
    unsigned maptrack_frames = 1024; // Xen's default (grant_table.c); one frame tracks 256 mappings
};
// From libxl's configuration of a domain; what it does not say is the default.
XenLimits xen_limits(std::string_view config_json);

// How many more vifs fit into what xenstored allows a domain; nullopt: it does not tell.
std::optional<unsigned> room(const xen::Quota& quota);

// How many more queues fit into what Xen allows it, when it serves `queues`.
unsigned room(const XenLimits& limits, unsigned queues);

} // namespace bulkhead::domain
