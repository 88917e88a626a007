// Questions about the command line that a running Xen was booted with. Pure.
#pragma once

#include <string>
#include <string_view>

namespace bulkhead::host {

// The words of one option, "iommu=verbose iommu=1" or "no-iommu"; empty: it is not there.
std::string xen_words(std::string_view line, std::string_view name);

// Whether iommu= turns the IOMMU, or the remapping of interrupts, off; a later word counts (parse_iommu_param() of
// xen/drivers/passthrough/iommu.c).
bool iommu_switched_off(std::string_view line);
bool interrupts_switched_off(std::string_view line);

} // namespace bulkhead::host
