// Which devices can reach each other on the PCI bus without passing the IOMMU. Pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

// Whether a bridge sends what its devices say to each other up to the IOMMU: the configuration space has the extended
// capability ACS (000dh), and its control register has Source Validation, P2P Request and Completion Redirect and
// Upstream Forwarding on (PCI Express Base Specification 4.0, 7.7.8). A space of 256 bytes or less has no such thing.
bool redirects_peers(std::string_view configuration);

// The functions of other cards that share a bridge with `device` which does not redirect. `paths`: each device's folder
// in sysfs, ".../pci0000:00/0000:00:1c.0/0000:01:00.0", by address.
std::vector<std::string> unguarded_peers(const std::string& device, const std::map<std::string, std::string>& paths,
                                         const std::function<bool(const std::string& bridge)>& redirects);

} // namespace bulkhead::host
