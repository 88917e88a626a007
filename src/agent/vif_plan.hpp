// What to do about one vif, from nothing but what xenstore and the kernel say now. Pure, so that every rule is tested
// without Xen. States are those of xen/io/xenbus.h; the handshake is netback's (Linux
// drivers/net/xen-netback/xenbus.c).
#pragma once

#include "agent/backend_path.hpp"
#include "net/link.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::agent {

// XenbusState of the backend.
enum class BackendState {
    unknown = 0,
    initialising = 1,
    wait = 2,
    initialised = 3,
    connected = 4,
    closing = 5,
    closed = 6,
    reconfiguring = 7,
    reconfigured = 8,
};
std::optional<BackendState> parse_state(std::string_view text); // nullopt: not a number from 0 to 8

// What the toolstack wants, read from the backend directory.
struct VifRequest {
    std::string bridge;  // empty: the agent's own
    std::string vifname; // empty: keep the kernel's name
    std::string mtu;     // empty: 1500, which is when libxl leaves it out (not the bridge's: that follows its ports)
};

// What the kernel has for it.
struct VifLinks {
    std::string kernel_name;           // "vif3.0"
    net::Link device;                  // the vif itself, under whatever name
    std::optional<net::Link> bridge;   // the link that has the wanted bridge's name
    std::optional<net::Link> namesake; // another link that has the wanted vifname
    std::vector<std::string> bridges;  // names of all bridges, for the error message
};

// How to make the link right: apply `before` (if any), then `change` (if any), then the vif is served.
struct VifPlan {
    std::optional<net::LinkChange> before; // takes the link down, which a new name or MAC needs
    std::optional<net::LinkChange> change; // nullopt: the link is right as it is; traffic must not be disturbed
    unsigned mtu = 0;
    std::string refusal; // not empty: it cannot be served, and why
};

// The name of the bridge for a request.
const std::string& wanted_bridge(const VifRequest& request, const std::string& own_bridge);

VifPlan plan_vif(const VifRequest& request, const VifLinks& links, const std::string& own_bridge);

} // namespace bulkhead::agent
