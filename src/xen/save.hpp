// Saving a domain's memory to a file and building a domain from it, through libxl. For worker processes.
#pragma once

#include "base/result.hpp"
#include "xen/context.hpp"
#include "xen/domain_spec.hpp"

#include <optional>

namespace bulkhead::xen {

// Suspends the domain, with its help, and writes libxl's stream (docs/specs/libxl-migration-stream.pandoc of Xen) to
// `fd`. Afterwards, and often when it fails, the domain is shut down (reason: suspend): destroy it or resume it.
Status save_domain(Context& xen, unsigned domain, int fd);

// Lets a suspended domain run on where it stopped. Nothing happens to one that is not suspended.
Status resume_domain(Context& xen, unsigned domain);

// Builds a domain from such a stream, paused, and returns its id. `spec` must be what the saved domain was made from,
// but for its name and UUID. When libxl fails the half-made domain is destroyed again. `wanted`: as for
// create_domain().
Result<unsigned> restore_domain(Context& xen, const DomainSpec& spec, const HostDefaults& host,
                                std::optional<unsigned> wanted, int fd);

// Xen's version, capabilities and build: an image fits the hypervisor that it was saved under.
Result<std::string> hypervisor_identity(Context& xen);

} // namespace bulkhead::xen
