#include "cli/verb.hpp"

namespace bulkhead::cli {

const std::vector<Group>& daemon_groups() {
    static const std::vector<Group> all = {
        {"Domains", domain_verbs()},
        {"Domains that are kept", kept_verbs()},
        {"Saving and restoring", save_verbs()},
        {"Networks", network_verbs()},
        {"Disks of domains", block_verbs()},
        {"PCI devices", pci_verbs()},
        {"USB devices", usb_verbs()},
        {"Processors, memory and schedulers", tuning_verbs()},
        {"CPU pools", cpupool_verbs()},
        {"Inside a guest", guest_verbs()},
        {"The hypervisor", hypervisor_verbs()},
        {"Driver domains", driverdomain_verbs()},
    };
    return all;
}

} // namespace bulkhead::cli
