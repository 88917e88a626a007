// The bare system under dom0's programs: file systems, modules, loopback, the NIC that is kept for a driver domain.
#pragma once

#include "base/modules.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::lab {

// What the kernel command line asks for: `bulkhead.xenstored=KIND` and `bulkhead.hide=BDF,...`.
struct LabSettings {
    std::string xenstored = "c";
    std::vector<std::string> hidden; // PCI addresses for xen-pciback
};
// Pure. Other words are not ours and skipped.
Result<LabSettings> parse_lab_settings(std::string_view command_line);

Status mount_file_systems();
// Modules by /lib/bulkhead; errors are printed and the rest goes on, so that a lab with a broken module can be
// examined.
void load_modules(const std::vector<std::string>& names);
Status loopback_up();
// Binds a device to xen-pciback, which must be loaded; a driver that has it must let it go.
Status hide_device(const std::string& address);
// Loads the drivers of PCI network cards that no driver has: dom0's own card when it was not hidden from it.
Status load_network_drivers(ModuleLoader& loader);
// Seconds since the kernel started.
std::string uptime();

} // namespace bulkhead::lab
