// What domains take of the host, mostly memory, through libxl. For worker processes: setting the target waits for
// xenstored.
#pragma once

#include "base/result.hpp"
#include "xen/context.hpp"

#include <cstdint>
#include <vector>

namespace bulkhead::xen {

struct DomainUse {
    unsigned domain = 0;
    std::uint64_t claimed_kib = 0; // promised by Xen, not yet given
    std::uint64_t shared_kib = 0;  // with other domains
    unsigned vcpus_made = 0;       // on-line or not
    unsigned security_id = 0;      // of FLASK; 0: none
};
// In order of their ids.
Result<std::vector<DomainUse>> domain_use(Context& xen);

// What the guest's balloon aims at. Errors: more than its maximum, and libxl's own.
Status set_memory_target(Context& xen, unsigned domain, std::uint64_t kib);
// What Xen allows the domain.
Status set_memory_max(Context& xen, unsigned domain, std::uint64_t kib);

} // namespace bulkhead::xen
