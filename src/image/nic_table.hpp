// Which kernel modules a NIC model needs, by the names that people and QEMU use.
#pragma once

#include "base/result.hpp"
#include "image/module_tree.hpp"

#include <string>
#include <vector>

namespace bulkhead::image {

// Names of the table: "e1000e", "rtl8139", "virtio"… for `help` and error messages.
std::vector<std::string> nic_names();

// The drivers for `nics`, sorted: names of the table, names of modules below kernel/drivers/net (for models that the
// table does not know), or "all": every Ethernet driver of the kernel that names PCI devices, and virtio. An unknown
// name is an error that lists the table.
Result<std::vector<std::string>> nic_modules(const ModuleTree& tree, const std::vector<std::string>& nics);

} // namespace bulkhead::image
