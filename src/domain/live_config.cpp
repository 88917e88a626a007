#include "domain/live_config.hpp"

#include "base/text.hpp"
#include "config/access_control.hpp"
#include "config/domain_config.hpp"
#include "config/vif.hpp"
#include "domain/disk_rule.hpp"
#include "domain/vif_script.hpp"
#include "pci/address.hpp"
#include "xen/disk_text.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace bulkhead::domain {
namespace {

// What follows it is not the file's.
constexpr std::string_view marker = "\n# --- as it was when it was last saved or restarted; written by bulkheadd ---\n";
// Of images that were saved before restarts kept what was attached.
constexpr std::string_view old_marker = "\n# --- as it was when it was last saved; written by bulkheadd ---\n";

// xl.cfg(5) has no escapes: a text is in one kind of quotes and cannot hold that kind.
std::string quote(const std::string& text) {
    const char mark = text.find('"') == std::string::npos ? '"' : '\'';
    return mark + text + mark;
}

// The file's own words for a vif or a disk say more than libxl remembers: a backend's name, the mode w!.
void prefer_the_file(const xen::DomainSpec& spec, std::vector<xen::NicSpec>& nics) {
    for (xen::NicSpec& nic : nics) {
        const auto number = [&nic, &spec](const xen::NicSpec& own) {
            return own.devid.value_or(static_cast<unsigned>(&own - spec.nics.data())) == *nic.devid;
        };
        const auto own = std::find_if(spec.nics.begin(), spec.nics.end(), number);
        if (own == spec.nics.end()) continue;
        if (!own->mac.empty() && own->mac == nic.mac) {
            const auto devid = nic.devid;
            nic = *own;
            nic.devid = devid;
        } else if (parse_unsigned(nic.backend)) {
            nic.backend = own->backend; // its driver domain is away just now
        }
    }
}

std::vector<xen::NicSpec> present_vifs(const xen::DomainSpec& spec, const xen::Live& live,
                                       const std::vector<PendingVif>& pending) {
    std::vector<xen::NicSpec> nics = live.nics;
    for (xen::NicSpec& nic : nics) forget_own_script(nic);
    prefer_the_file(spec, nics);
    for (unsigned i = 0; i < spec.nics.size(); ++i) {
        xen::NicSpec nic = spec.nics[i];
        nic.devid = nic.devid.value_or(i);
        const auto waits = [&nic](const PendingVif& vif) { return vif.devid == *nic.devid; };
        if (std::any_of(pending.begin(), pending.end(), waits)) nics.push_back(std::move(nic));
    }
    return nics;
}

std::vector<xen::DiskSpec> present_disks(const xen::DomainSpec& spec, const xen::Live& live) {
    std::vector<xen::DiskSpec> disks = live.disks;
    for (xen::DiskSpec& disk : disks) {
        forget_own_script(disk);
        const auto own = std::find_if(spec.disks.begin(), spec.disks.end(), [&disk](const xen::DiskSpec& other) {
            return other.vdev == disk.vdev && other.target.value_or("") == disk.target.value_or("");
        });
        if (own != spec.disks.end()) disk = *own;
    }
    return disks;
}

// The devices as pci= has them, if they are others than the file's. One that is written as a name or as all functions
// of a device cannot be compared: then the file's words stay.
std::optional<std::string> present_pcis(const xen::DomainSpec& spec, const xen::Live& live) {
    std::set<std::string> before, now;
    for (const xen::PciSpec& device : spec.pcis) {
        const auto address = pci::address_of_spec(device.text);
        if (!address) return std::nullopt;
        before.insert(pci::address_text(*address));
    }
    std::vector<std::string> words;
    for (const xen::PciSpec& device : live.pcis) {
        const auto address = pci::address_of_spec(device.text);
        if (!address) return std::nullopt;
        now.insert(pci::address_text(*address));
        const auto own = std::find_if(spec.pcis.begin(), spec.pcis.end(), [&](const xen::PciSpec& other) {
            return pci::address_of_spec(other.text) == address;
        });
        std::string text = own != spec.pcis.end() ? own->text : device.text;
        if (own == spec.pcis.end()) {
            text += std::string(",msitranslate=") + (device.msitranslate ? "1" : "0");
            text += std::string(",power_mgmt=") + (device.power_mgmt ? "1" : "0");
            text += std::string(",permissive=") + (device.permissive ? "1" : "0");
            text += std::string(",seize=") + (device.seize ? "1" : "0");
        }
        words.push_back(quote(text));
    }
    if (before == now) return std::nullopt;
    return "pci = [" + join(words, ", ") + "]\n";
}

// Whether both name the same drives with the same media; how they are served does not change while a domain lives.
bool same_disks(const std::vector<xen::DiskSpec>& a, const std::vector<xen::DiskSpec>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const xen::DiskSpec& one, const xen::DiskSpec& other) {
        return one.vdev == other.vdev && one.target.value_or("") == other.target.value_or("");
    });
}

} // namespace

std::string live_config(std::string_view config, const xen::DomainSpec& spec, const std::string& name,
                        const xen::Live& live, const std::vector<PendingVif>& pending) {
    std::string text(config.substr(0, std::min(config.find(marker), config.find(old_marker))));
    text.append(marker).append("name = ").append(quote(name)).append("\n");
    std::vector<std::string> vifs;
    for (const xen::NicSpec& nic : present_vifs(spec, live, pending)) vifs.push_back(quote(config::print_vif(nic)));
    text += "vif = [" + join(vifs, ", ") + "]\n";
    if (!same_disks(live.disks, spec.disks)) { // otherwise they stay as they were written
        std::vector<std::string> disks;
        for (const xen::DiskSpec& disk : present_disks(spec, live)) disks.push_back(quote(xen::print_disk(disk)));
        text += "disk = [" + join(disks, ", ") + "]\n";
    }
    if (const auto pcis = present_pcis(spec, live)) text += *pcis;
    const std::uint64_t memory = (live.memory_kib + 1023) / 1024;
    if (memory != 0 && static_cast<long>(memory) != spec.memory.value_or(0))
        text += "memory = " + std::to_string(memory) + "\n";
    const long vcpus = spec.vcpus.value_or(1);
    if (live.vcpus != 0 && static_cast<long>(live.vcpus) != vcpus) {
        // Without maxvcpus= the number of vcpus= is the most that the guest knows, and that stays what it was.
        if (!spec.maxvcpus) text += "maxvcpus = " + std::to_string(vcpus) + "\n";
        text += "vcpus = " + std::to_string(live.vcpus) + "\n";
    }
    return text;
}

std::string with_label(std::string_view config, const std::optional<xen::LabelSpec>& label) {
    const std::string list = label ? "[ '" + config::print_access_control(*label) + "' ]" : "[ ]";
    return config::with_overrides(config, {"access_control = " + list});
}

} // namespace bulkhead::domain
