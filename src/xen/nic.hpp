// Virtual network interfaces of domains, through libxl. For worker processes: adding and removing wait for backends.
#pragma once

#include "base/result.hpp"
#include "xen/context.hpp"
#include "xen/domain_spec.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bulkhead::xen {

struct NicInfo {
    unsigned devid = 0;
    unsigned backend_domain = 0;
    std::string mac;
    int state = 0; // of the frontend, XenbusState
    int event_channel = -1;
    int tx_ring = -1, rx_ring = -1; // grant references
    std::string backend;            // xenstore path
    std::string bridge;
};

Result<std::vector<NicInfo>> list_nics(Context& xen, unsigned domain);

// Adds it and returns it with what libxl filled in (MAC, backend's domid). spec.devid must be set: libxl's own choice
// is wrong after gaps. When libxl gives up it leaves nodes behind: the caller may read them, then calls destroy_nic().
// Error::code device_exists: the devid is taken, and nothing was done.
constexpr int device_exists = -17; // ERROR_DEVICE_EXISTS
Result<NicInfo> add_nic(Context& xen, unsigned domain, const NicSpec& spec);
// Unplugs it: waits for the guest and the backend, 10 s at most, then removes it by force.
Status remove_nic(Context& xen, unsigned domain, unsigned devid);
// Removes its nodes without asking anyone.
Status destroy_nic(Context& xen, unsigned domain, unsigned devid);

// The JSON that `xl -N network-attach` prints behind "vif: ".
Result<std::string> describe_nic(Context& xen, const NicSpec& spec);

} // namespace bulkhead::xen
