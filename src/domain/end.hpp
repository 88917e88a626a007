// The end of a domain: the one way in which Bulkhead destroys. For workers.
#pragma once

#include "base/result.hpp"
#include "xen/context.hpp"

namespace bulkhead::domain {

// Destroys the domain, whatever it is doing, without asking it: paused first, so that it does not touch its devices
// while they are taken away. Otherwise libxl waits 10 s, twice, for a PV guest's pcifront that hangs or still boots
// (libxl_pci.c, libxl__device_pci_remove_xenstore).
Status end_domain(xen::Context& xen, unsigned domain);

} // namespace bulkhead::domain
