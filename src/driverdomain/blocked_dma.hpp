// What the IOMMU stopped: a device whose domain has died goes on with the DMA that it was told to do. Pure.
#pragma once

#include "pci/address.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace bulkhead::driverdomain {

// Counts the lines of Xen's log that tell of a blocked access of one of the devices: VT-d's "Request device [SBDF]"
// (xen/drivers/passthrough/vtd/iommu.c) and AMD-Vi's "IO_PAGE_FAULT: SBDF" (xen/drivers/passthrough/amd/iommu_init.c).
// Xen prints such lines at a limited rate: there may have been more.
std::size_t blocked_dma(std::string_view log, const std::vector<pci::Address>& devices);

} // namespace bulkhead::driverdomain
