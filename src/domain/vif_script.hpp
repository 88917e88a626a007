// The program that puts dom0's vifs on dom0's bridges instead of Xen's shell script vif-bridge (hotplug/), if it is
// installed: as script= of the vifs that name no script, or that one by its bare name. Any other script stays what it
// is, and so does /etc/xen/scripts/vif-bridge, which is how an administrator asks for Xen's own.
#pragma once

#include "xen/domain_spec.hpp"

namespace bulkhead::domain {

// Its program puts it on a bridge of dom0: Xen's vif-bridge, or ours.
bool goes_on_bridge(const xen::NicSpec& nic);

void use_own_script(xen::NicSpec& nic);    // whose backend is dom0
void forget_own_script(xen::NicSpec& nic); // that libxl remembers

} // namespace bulkhead::domain
