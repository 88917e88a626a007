// What xl(1) prints about Xen: `xl info` and `xl dmesg`. Pure.
#pragma once

#include "base/result.hpp"
#include "host/facts.hpp"

#include <string_view>

namespace bulkhead::host {

// "key   : value" lines. Error: xen_major or xen_minor is missing.
Result<XenInfo> parse_xen_info(std::string_view text);

// Lines of iommu_setup() in xen/drivers/passthrough/iommu.c and parse_params() in xen/common/kernel.c of Xen 4.17.
XenLog parse_xen_log(std::string_view text);

} // namespace bulkhead::host
