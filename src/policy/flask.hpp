// A policy as a module of Xen's FLASK policy: what the hypervisor enforces by itself, where it was built with XSM.
// Pure.
//
// The module is m4 and checkpolicy(8) text for tools/flask/policy of Xen 4.17, whose macros (xen.if) it uses, so that
// lists of permissions are those of the Xen that it is built for. It takes the place of Xen's modules domU,
// isolated_domU, prot_domU, nomigrate, nic_dev, xenstore and vm_role: modules_conf() says which others it needs.
//
//     STE type T            attributes acm_ste_T (domains) and acm_ch_T (their event channels); grants, channels and
//                           Argo within T: rules grow with the types, not with the pairs of labels
//     VM label L            types acm_vm_L_t and acm_dm_L_t (its stub device model) with the attributes of L's types
//     Domain-0              dom0_t has those of its label; it manages every label, and creates those that are
//     authorised Chinese Wall type T   boolean acm_cw_block_T: while it is true nobody creates a domain of a label with
//     T from=                 type aliases, so that live domains follow when the policy is loaded resource label R type
//     acm_res_R_t for PCI devices and what belongs to them
// neverallow rules say the same from the other side: a policy in which another module opens a way between labels that
// do not share is refused by checkpolicy.
#pragma once

#include "policy/policy.hpp"
#include "policy/problems.hpp"
#include "policy/wall.hpp"

#include <string>
#include <vector>

namespace bulkhead::policy {

constexpr const char* flask_module_name = "bulkhead"; // the module is bulkhead.te

struct FlaskModule {
    std::string text;
    // What makes it unfit to be loaded while domains run: labels that change places. Good for the next boot.
    std::vector<Problem> warnings;
};

// `domain0`: the VM label that Domain-0 has. The booleans are declared as they must be while only Domain-0 runs.
FlaskModule compile_flask(const PolicyPtr& policy, LabelId domain0);
// Xen's modules.conf for it.
std::string flask_modules_conf();

struct FlaskBoolean {
    std::string name;
    bool value = false;
    bool operator==(const FlaskBoolean&) const = default;
};
// What the hypervisor's booleans must be for it to decide as the wall does: one for each Chinese Wall type that is in a
// rule, in the document's order.
std::vector<FlaskBoolean> flask_booleans(const Policy& policy, const Wall& wall);

} // namespace bulkhead::policy
