// PCI passthrough through libxl. For worker processes: libxl sleeps up to 10 s in it.
#pragma once

#include "base/result.hpp"
#include "xen/context.hpp"
#include "xen/domain_spec.hpp"

#include <string>
#include <vector>

namespace bulkhead::xen {

struct PciInfo {
    std::string address;             // "0000:00:02.0"
    std::string name;                // given by pci-assignable-add --name
    unsigned slot = 0, function = 0; // as the guest sees it
};

// Whether Xen can give devices to domains, i.e. an IOMMU is there and on.
Result<bool> has_iommu(Context& xen);

Result<std::vector<PciInfo>> assignable_devices(Context& xen);
// Takes the device from its driver, remembering which, and gives it to xen-pciback; puts it in quarantine.
Status make_assignable(Context& xen, const std::string& address, const std::string& name);
// Gives it back; `rebind`: to the driver that it was taken from.
Status make_unassignable(Context& xen, const std::string& address, bool rebind);

Result<std::vector<PciInfo>> domain_devices(Context& xen, unsigned domain);
// After a call of libxl that has given devices away: it goes on when one could not be reset, and so do we, but log it.
void warn_of_no_reset(const Context& xen);
Status attach_device(Context& xen, unsigned domain, const PciSpec& spec);
Status detach_device(Context& xen, unsigned domain, const PciSpec& spec, bool force);

} // namespace bulkhead::xen
