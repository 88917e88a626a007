// What bulkheadd has to do so that a hypervisor with XSM enforces the mandatory policy, too. The policy that Xen
// enforces must be the one that policy/flask.hpp compiled from it; packaging/xen-xsm builds it, and the bootloader or
// `bulkhead loadpolicy` gives it to Xen.
//
// hypervisor_guard() is called by who decides (security.hpp), label_for_flask() by the worker that creates the domain.
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
};
Result<HypervisorCheck> check_hypervisor(xen::Xsm& xsm, const policy::PolicyPtr& policy);

// The booleans as the wall is. What forbids is set first.
Status keep_wall(xen::Xsm& xsm, const policy::Host& host);

// Does that for a hypervisor that has this policy, also while it is permissive, and says whether it has. A hypervisor
// without XSM, or with another policy, is left alone.
Result<bool> hypervisor_guard(const policy::Host& host);

} // namespace bulkhead::domain
