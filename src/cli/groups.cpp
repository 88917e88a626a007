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
        {"Processors, memory and schedulers", tuning_verbs()},
        {"CPU pools", cpupool_verbs()},
        {"Inside a guest", guest_verbs()},
        {"The hypervisor", hypervisor_verbs()},
        {"Driver domains", driverdomain_verbs()},
        {"The host", host_verbs()},
        {"The host's start and end", host_start_verbs()},
        {"Images of service VMs", image_verbs()},
        {"Mandatory policy", policy_verbs()},
        {"TPM measurements", measure_verbs()},
        {"The lab: real Xen in QEMU", lab_verbs()},
        {"About bulkhead", help_verbs()},
    };
    return all;
}

} // namespace bulkhead::cli
