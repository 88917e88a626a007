// What bulkheadd has to do so that a hypervisor with XSM enforces the mandatory policy, too. The policy that Xen
// enforces must be the one that policy/flask.hpp compiled from it; packaging/xen-xsm builds it, and the bootloader or
// `bulkhead loadpolicy` gives it to Xen.
//
// Who decides about domains calls, under one lock with the decision:
//     check_hypervisor   before a policy becomes the active one, and at the daemon's start
//     label_for_flask    for a domain that may start, before it is created
//     keep_wall          with the host as it will be, before the domain is created; and again whenever a domain has
//     ended,
//                        Domain-0 was relabelled or a policy was loaded
#pragma once

#include "base/result.hpp"
#include "policy/host.hpp"
#include "xen/domain_spec.hpp"
#include "xen/xsm.hpp"

#include <string>

namespace bulkhead::domain {

// Sets seclabel=, and device_model_stubdomain_seclabel= for a HVM domain, from the domain's VM label. An error when the
// configuration has another one, or init_seclabel=: it would run under a label that the policy does not know.
Status label_for_flask(xen::DomainSpec& spec, const std::string& vm_label);

struct HypervisorCheck {
    xen::XsmMode mode = xen::XsmMode::absent;
    bool ours = false;    // Xen's policy has the types of all VM labels, and all booleans
    std::string sentence; // for `policy get`
    // What Xen does by itself, it does by our policy; libxl may only then be given a seclabel.
    [[nodiscard]] bool enforces() const { return ours && mode == xen::XsmMode::enforcing; }
};
Result<HypervisorCheck> check_hypervisor(xen::Xsm& xsm, const policy::PolicyPtr& policy);

// The error that a policy which demands the hypervisor's enforcement needs: libxl would only warn and start the domain
// without a label.
Status demand(const HypervisorCheck& check);

// The booleans as the wall is. What forbids is set first.
Status keep_wall(xen::Xsm& xsm, const policy::Host& host);

} // namespace bulkhead::domain
