#include "domain/live_config.hpp"

#include "base/text.hpp"
#include "config/vif.hpp"
#include "domain/disk_rule.hpp"
#include "xen/disk_text.hpp"

#include <algorithm>

namespace bulkhead::domain {
namespace {

constexpr std::string_view marker = "\n# --- as it was when it was last saved; written by bulkheadd ---\n";

// xl.cfg(5) has no escapes: a text is in one kind of quotes and cannot hold that kind.
std::string quote(const std::string& text) {
    const char mark = text.find('"') == std::string::npos ? '"' : '\'';
    return mark + text + mark;
}

std::vector<xen::NicSpec> present_vifs(const xen::DomainSpec& spec, const xen::Live& live,
                                       const std::vector<PendingVif>& pending) {
    std::vector<xen::NicSpec> nics = live.nics;
    for (unsigned i = 0; i < spec.nics.size(); ++i) {
        xen::NicSpec nic = spec.nics[i];
        nic.devid = nic.devid.value_or(i);
        const auto waits = [&nic](const PendingVif& vif) { return vif.devid == *nic.devid; };
        if (std::any_of(pending.begin(), pending.end(), waits)) nics.push_back(std::move(nic));
    }
    return nics;
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
    std::string text(config.substr(0, config.find(marker)));
    text.append(marker).append("name = ").append(quote(name)).append("\n");
    std::vector<std::string> vifs;
    for (const xen::NicSpec& nic : present_vifs(spec, live, pending)) vifs.push_back(quote(config::print_vif(nic)));
    text += "vif = [" + join(vifs, ", ") + "]\n";
    if (!same_disks(live.disks, spec.disks)) { // otherwise they stay as they were written
        std::vector<std::string> disks;
        for (xen::DiskSpec disk : live.disks) {
            forget_own_script(disk);
            disks.push_back(quote(xen::print_disk(disk)));
        }
        text += "disk = [" + join(disks, ", ") + "]\n";
    }
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

} // namespace bulkhead::domain
