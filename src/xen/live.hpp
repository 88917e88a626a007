// What a running domain has become since it was made: devices that came and went, memory that was given and taken.
#pragma once

#include "base/result.hpp"
#include "xen/context.hpp"
#include "xen/domain_spec.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bulkhead::xen {

struct Live {
    std::vector<NicSpec> nics; // in order of their devids, which are set; so are the MAC addresses
    std::vector<DiskSpec> disks;
    std::vector<PciSpec> pcis;    // text: the address alone
    std::uint64_t memory_kib = 0; // its target
    unsigned vcpus = 0;           // that are online
};

// From libxl's record of the domain (libxl_retrieve_domain_configuration). A backend other than dom0 is named as
// `names` knows its id, or by the id. May wait for a lock that another toolstack holds: for worker processes.
Result<Live> live_domain(Context& xen, unsigned domain, const std::map<unsigned, std::string>& names);

} // namespace bulkhead::xen
