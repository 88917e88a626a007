#include "image/nic_table.hpp"

#include "base/modules.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <set>

namespace bulkhead::image {
namespace {

struct Nic {
    const char* name;
    std::vector<std::string> modules;
};

const std::vector<Nic>& table() {
    static const std::vector<Nic> nics = {
        {"e1000", {"e1000"}},
        {"e1000e", {"e1000e"}},
        {"igb", {"igb"}},
        {"igc", {"igc"}},
        {"ixgbe", {"ixgbe"}},
        {"i40e", {"i40e"}},
        {"ice", {"ice"}},
        {"r8169", {"r8169"}},
        {"rtl8139",
         {"8139cp", "8139too"}}, // QEMU's is a C+ chip (8139cp), old cards need 8139too: both claim the same PCI id
        {"tg3", {"tg3"}},
        {"vif", {"xen_netfront"}}, // a driver domain behind another one
        {"virtio", {"virtio_net", "virtio_pci"}},
        {"vmxnet3", {"vmxnet3"}},
    };
    return nics;
}

// Ethernet drivers that match a PCI device. The others are libraries (they come as dependencies) or for platform
// devices.
Result<std::vector<std::string>> all_drivers(const ModuleTree& tree) {
    std::vector<std::string> drivers = {"virtio_net", "virtio_pci"};
    for (const std::string& name : tree.below("drivers/net/ethernet/")) {
        for (const KernelModule& module : TRY(tree.resolve({name}))) {
            const bool pci =
                module.name == name && std::any_of(module.aliases.begin(), module.aliases.end(),
                                                   [](const std::string& alias) { return alias.starts_with("pci:"); });
            if (pci) drivers.push_back(name);
        }
    }
    return drivers;
}

} // namespace

std::vector<std::string> nic_names() {
    std::vector<std::string> names;
    for (const Nic& nic : table()) names.emplace_back(nic.name);
    return names;
}

Result<std::vector<std::string>> nic_modules(const ModuleTree& tree, const std::vector<std::string>& nics) {
    std::set<std::string> modules;
    const std::vector<std::string> network = tree.below("drivers/net/");
    for (const std::string& name : nics) {
        const auto known =
            std::find_if(table().begin(), table().end(), [&](const Nic& nic) { return name == nic.name; });
        const std::string module = module_name(name);
        if (known != table().end()) {
            modules.insert(known->modules.begin(), known->modules.end());
        } else if (name == "all") {
            const std::vector<std::string> drivers = TRY(all_drivers(tree));
            modules.insert(drivers.begin(), drivers.end());
        } else if (std::find(network.begin(), network.end(), module) != network.end()) {
            modules.insert(module);
        } else {
            return fail("unknown NIC \"" + printable(name, 40) + "\": use one of " + join(nic_names(), ", ") +
                        ", the name of a network driver of the kernel " + tree.kernel_version() + ", or all");
        }
    }
    return std::vector<std::string>(modules.begin(), modules.end());
}

} // namespace bulkhead::image
