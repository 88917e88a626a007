// What a driver domain serves: the vifs of its clients, as the toolstack remembers them under /libxl. That copy is
// dom0's own and outlives the driver domain, whereas the backend directories belong to the driver domain and die with
// it (libxl_device.c, libxl__device_generic_add). So nothing needs to be kept while it lives, and what changed while it
// was away (a client destroyed, a vif attached) is seen as it is now.
#pragma once

#include "base/result.hpp"
#include "xen/store.hpp"

#include <string>
#include <utility>
#include <vector>

namespace bulkhead::driverdomain {

struct ClientVif {
    unsigned client = 0; // domid
    unsigned devid = 0;
    unsigned server = 0; // domid of the driver domain
    std::string record;  // /libxl/CLIENT/device/vif/DEVID
    std::string frontend, backend;
    // What the backend directory held when the toolstack made it, but for the state and what netback and the agent
    // write; in the toolstack's order.
    std::vector<std::pair<std::string, std::string>> nodes;

    [[nodiscard]] std::string name() const;                     // "vif3.0", as netback names it
    [[nodiscard]] std::string node(std::string_view key) const; // "" when there is none
};

// In order of client and devid. A record that does not fit the pattern above is skipped.
Result<std::vector<ClientVif>> client_vifs(xen::Store& store, unsigned server);

} // namespace bulkhead::driverdomain
