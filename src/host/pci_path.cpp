#include "host/pci_path.hpp"

#include "base/record.hpp"
#include "base/text.hpp"
#include "pci/address.hpp"

#include <algorithm>
#include <cstdint>

namespace bulkhead::host {
namespace {

std::string_view slot_of(std::string_view address) {
    return address.substr(0, address.find('.'));
}

// The bridges on the way to a device, from the root down.
std::vector<std::string> bridges_of(const std::string& path) {
    std::vector<std::string> bridges;
    for (const std::string_view part : split(path, '/'))
        if (pci::parse_address(part)) bridges.emplace_back(part);
    if (!bridges.empty()) bridges.pop_back(); // the device itself
    return bridges;
}

} // namespace

bool redirects_peers(std::string_view configuration) {
    constexpr std::uint64_t first = 0x100, end = 0x1000,
                            entry = 4; // of the extended capabilities, and their least size
    constexpr unsigned acs = 0x000d, wanted = 0x01 | 0x04 | 0x08 | 0x10;
    std::uint64_t at = first;
    for (std::uint64_t steps = 0; at >= first && at < end && steps < (end - first) / entry; ++steps) {
        const auto header = record<std::uint32_t>(configuration, at);
        if (!header || *header == 0) return false;
        if ((*header & 0xffff) == acs) {
            const auto control = record<std::uint16_t>(configuration, at + 6);
            return control && (*control & wanted) == wanted;
        }
        at = *header >> 20;
    }
    return false;
}

std::vector<std::string> unguarded_peers(const std::string& device, const std::map<std::string, std::string>& paths,
                                         const std::function<bool(const std::string& bridge)>& redirects) {
    const auto own = paths.find(device);
    std::vector<std::string> peers;
    if (own == paths.end()) return peers;
    std::vector<std::string> open = bridges_of(own->second);
    std::erase_if(open, redirects);
    for (const auto& [address, path] : paths) {
        if (slot_of(address) == slot_of(device)) continue;
        const auto below = [folder = path + "/"](const auto& other) { return other.second.starts_with(folder); };
        const bool bridge = std::any_of(paths.begin(), paths.end(), below);
        const std::vector<std::string> way = bridges_of(path);
        const bool shared = std::any_of(way.begin(), way.end(), [&](const std::string& one) {
            return std::find(open.begin(), open.end(), one) != open.end();
        });
        if (!bridge && shared) peers.push_back(address);
    }
    return peers;
}

} // namespace bulkhead::host
