#include "cli/verb.hpp"

namespace bulkhead::cli {

const std::vector<Group>& groups() {
    static const std::vector<Group> all = {
        {"Domains", domain_verbs()},
        {"Domains that are kept", kept_verbs()},
        {"Saving and restoring", save_verbs()},
        {"Networks", network_verbs()},
        {"Disks of domains", block_verbs()},
        {"Disk images and volumes", disk_verbs()},
        {"PCI devices", pci_verbs()},
        {"USB devices", usb_verbs()},
        {"Processors, memory and schedulers", tuning_verbs()},
        {"CPU pools", cpupool_verbs()},
        {"Inside a guest", guest_verbs()},
        {"The hypervisor", hypervisor_verbs()},
        {"What domains use of the host", top_verbs()},
        {"Its security module", xsm_verbs()},
        {"Driver domains", driverdomain_verbs()},
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
    };
    return all;
}

} // namespace bulkhead::cli
