#include "cli/verb.hpp"

#include <initializer_list>

namespace bulkhead::cli {
namespace {

std::vector<Group> all_groups() {
    std::vector<Group> all = daemon_groups();
    for (const Group& other : std::initializer_list<Group>{
             {"What domains use of the host", top_verbs()},
             {"Disk images and volumes", disk_verbs()},
             {"Xen's security module", xsm_verbs()},
             {"The host", host_verbs()},
             {"The host's start and end", host_start_verbs()},
             {"Images of service VMs", image_verbs()},
             {"Mandatory policy", policy_verbs()},
             {"The policy of this host", policy_state_verbs()},
             {"Mandatory policy: xm's commands", acm_policy_verbs()},
             {"Mandatory policy: labels", acm_label_verbs()},
             {"TPM measurements", measure_verbs()},
             {"TPM measurements: parts", measure_part_verbs()},
             {"TPM quotes and policies", quote_verbs()},
             {"Secrets sealed by a TPM", seal_verbs()},
             {"Remote attestation", attest_verbs()},
             {"The lab: real Xen in QEMU", lab_verbs()},
             {"About bulkhead", help_verbs()},
         })
        all.push_back(other);
    return all;
}

} // namespace

const std::vector<Group>& groups() {
    static const std::vector<Group> all = all_groups();
    return all;
}

} // namespace bulkhead::cli
