#include "host/check_parts.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace bulkhead::host {
namespace {

constexpr unsigned vifs_wanted = 32; // clients of a busy host, with nobody watching the limit
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

bool runs(const Facts& facts, std::string_view program) {
    return std::find(facts.programs.begin(), facts.programs.end(), program) != facts.programs.end();
}

// What works without it, and what does not, differs from module to module.
struct Needed {
    const char* name;
    State if_missing;
    const char* purpose;
    bool on_demand; // udev loads it when the first device comes (its alias xen-backend:TYPE)
};
constexpr std::array needed = std::to_array<Needed>({
    {"xen-evtchn", State::problem, "the toolstack talks to guests by it", false},
    {"xen-gntdev", State::problem, "the console and the device models map guests' pages by it", false},
    {"xen-pciback", State::problem, "no device can be given to a driver domain without it", false},
    {"xen-blkback", State::warning, "dom0 serves no disks without it", true},
    {"xen-netback", State::warning, "dom0 serves no networks without it", true},
});

} // namespace

void judge_store(const Facts& facts, const VifNeeds& needs, std::vector<Finding>& out) {
    const bool c = runs(facts, "xenstored"), ocaml = runs(facts, "oxenstored");
    const std::string kind = c && ocaml ? "xenstored and oxenstored" : c ? "xenstored" : ocaml ? "oxenstored" : "";
    if (!facts.store_error.empty()) {
        out.push_back({"xenstored", State::problem,
                       (kind.empty() ? "no xenstored runs" : kind + " runs, but does not answer") + std::string(": ") +
                           facts.store_error,
                       kind.empty() ? "service xen start" : "become root, or see /var/log/xen"});
    } else {
        out.push_back({"xenstored", State::ok, kind.empty() ? "answers, from another domain" : kind + " answers", ""});
    }
    if (facts.store_error.empty() && facts.limits && (facts.limits->nodes || facts.limits->watches)) {
        unsigned vifs = ~0U;
        if (facts.limits->nodes) vifs = std::min(vifs, *facts.limits->nodes / needs.nodes);
        if (facts.limits->watches) vifs = std::min(vifs, *facts.limits->watches / needs.watches);
        const std::string text = "a driver domain may have " +
                                 (facts.limits->nodes ? std::to_string(*facts.limits->nodes) + " nodes" : "") +
                                 (facts.limits->nodes && facts.limits->watches ? " and " : "") +
                                 (facts.limits->watches ? std::to_string(*facts.limits->watches) + " watches" : "") +
                                 ", enough for " + std::to_string(vifs) + " vifs";
        const bool enough = vifs >= vifs_wanted;
        out.push_back({"xenstore-quota", enough ? State::ok : State::warning, text,
                       enough ? ""
                       : ocaml
                           ? "raise quota-maxentity and quota-maxwatch in /etc/xen/oxenstored.conf"
                           : "bulkheadd raises them when it starts; by hand: xenstore-control quota set nodes 8000"});
    }
    if (runs(facts, "xenconsoled"))
        out.push_back({"xenconsoled", State::ok, "runs", ""});
    else
        out.push_back({"xenconsoled", State::problem, "does not run, so guests have no consoles", "service xen start"});
}

void judge_starting(const Facts& facts, std::vector<Finding>& out) {
    if (facts.daemon_error.empty())
        out.push_back({"bulkheadd", State::ok, "answers", ""});
    else
        out.push_back({"bulkheadd", facts.under_xen ? State::problem : State::warning, facts.daemon_error,
                       facts.under_xen ? "systemctl start bulkheadd" : ""});
    if (facts.own_domains_unit)
        out.push_back({"autostart", State::ok, "bulkhead-domains starts and ends the host's domains", ""});
    if (!facts.xendomains || facts.own_domains_unit) return;
    // /etc/init.d/xendomains does so to every guest, whoever made it.
    if (!facts.saved_to.empty())
        out.push_back(
            {"autostart", State::warning,
             "when the host shuts down, xendomains saves every guest to " + facts.saved_to +
                 "; one with a PCI device cannot be saved, and the others come back as xl's, not bulkheadd's",
             "systemctl enable --now bulkhead-domains, which then does it instead; or set XENDOMAINS_SAVE=\"\" in "
             "/etc/default/xendomains"});
    if (facts.automatic.empty()) return;
    out.push_back({"autostart", State::warning,
                   "xendomains starts " + join(facts.automatic, ", ") +
                       " from /etc/xen/auto by xl, so bulkheadd does not look after them",
                   "systemctl enable bulkhead-domains, which starts them from the next boot on instead"});
}

void judge_bridge(const Facts& facts, std::vector<Finding>& out) {
    if (!facts.xl) {
        if (!facts.xl_error.empty())
            out.push_back({"xl.conf", State::warning, facts.xl_error, "see to /etc/xen/xl.conf"});
        return;
    }
    const std::string& backend = facts.xl->backend;
    if (!backend.empty() && backend != "0" && backend != "Domain-0") {
        out.push_back(
            {"bridge", State::ok, "vifs go to " + backend + " (vif.default.backend), which has the bridge", ""});
        return;
    }
    const bool named = !facts.xl->bridge.empty();
    const std::string bridge = named ? facts.xl->bridge : "xenbr0"; // libxl_nic.c
    if (std::find(facts.bridges.begin(), facts.bridges.end(), bridge) != facts.bridges.end()) {
        out.push_back({"bridge", State::ok, bridge + " is there", ""});
        return;
    }
    const std::string others = facts.bridges.empty() ? "" : "; there are " + join(facts.bridges, ", ");
    out.push_back({"bridge", named ? State::problem : State::warning,
                   "there is no bridge " + bridge + ", which " +
                       (named ? "/etc/xen/xl.conf names" : "vifs without bridge= would use") + others,
                   "ip link add " + bridge + " type bridge && ip link set " + bridge +
                       " up, and in /etc/network/interfaces; or vif.default.backend=\"NDVM\" in /etc/xen/xl.conf"});
}

// Both ways work; Xen's takes its time.
void judge_hotplug(const Facts& facts, std::vector<Finding>& out) {
    std::vector<std::string> missing;
    for (const char* name : {"block-hotplug", "vif-hotplug"}) {
        if (std::find(facts.hotplug.begin(), facts.hotplug.end(), name) == facts.hotplug.end())
            missing.emplace_back(name);
    }
    if (!missing.empty())
        out.push_back({"hotplug", State::warning,
                       "/usr/lib/bulkhead has no " + join(missing, ", ") +
                           ": Xen's shell scripts connect what dom0 serves, which is slower",
                       "install the package bulkhead again"});
    else if (facts.bridge_rules)
        out.push_back({"hotplug", State::ok,
                       "bridges ask iptables (br_netfilter), so Xen's own script vif-bridge, with its rules, connects "
                       "dom0's vifs if there is an iptables",
                       ""});
    else
        out.push_back({"hotplug", State::ok, "our own programs connect dom0's disks and vifs", ""});
}

void judge_modules(const Facts& facts, std::vector<Finding>& out) {
    for (const Needed& one : needed) {
        const auto fact = std::find_if(facts.modules.begin(), facts.modules.end(),
                                       [&](const ModuleFact& module) { return module.name == one.name; });
        if (fact == facts.modules.end()) continue;
        const std::string name = one.name;
        switch (fact->state) {
        case ModuleState::loaded:
            out.push_back({one.name, State::ok, "loaded", ""});
            break;
        case ModuleState::built_in:
            out.push_back({one.name, State::ok, "built in", ""});
            break;
        case ModuleState::available:
            if (one.on_demand && facts.udev) {
                out.push_back({one.name, State::ok, "is loaded when it is needed", ""});
                break;
            }
            out.push_back({one.name, facts.under_xen ? State::warning : State::ok,
                           "not loaded: " + std::string(one.purpose),
                           "modprobe " + name + ", and a line in /etc/modules"});
            break;
        case ModuleState::missing:
            out.push_back({one.name, one.if_missing, "this kernel does not have it: " + std::string(one.purpose),
                           "boot Debian's linux-image-amd64 (the cloud kernels have no Xen backends)"});
        }
    }
}

void judge_devices(const Facts& facts, std::vector<Finding>& out) {
    for (const HiddenFact& device : facts.hidden) {
        if (device.driver == "pciback") {
            out.push_back({"hidden-device", State::ok, device.address + " is hidden from dom0's drivers", ""});
        } else if (!device.exists) {
            out.push_back({"hidden-device", State::problem,
                           "xen-pciback.hide names " + device.address + ", which is not there",
                           "lspci -D lists the addresses; bulkhead host boot-options set xen-pciback.hide=(ADDRESS)"});
        } else {
            out.push_back({"hidden-device", State::problem,
                           "xen-pciback.hide names " + device.address + ", but " +
                               (device.driver.empty() ? "no driver" : device.driver) + " has it",
                           "echo xen-pciback >> /etc/initramfs-tools/modules && update-initramfs -u, so that it comes "
                           "before the device's driver; until then: bulkhead pci-assignable-add " +
                               device.address});
        }
    }
    for (const std::string_view word : words(facts.kernel_command_line)) {
        if (facts.under_xen && (word.starts_with("intel_iommu=") || word.starts_with("amd_iommu=")))
            out.push_back({"kernel-options", State::warning,
                           std::string(word) + " on the kernel's command line has no effect: the IOMMU is Xen's",
                           "bulkhead host boot-options set iommu=1"});
    }
    if (!facts.under_xen) return;
    if (facts.nics.empty()) {
        out.push_back({"nic", State::warning, "there is no network card on the PCI bus for a driver domain", ""});
        return;
    }
    for (const NicFact& nic : facts.nics) {
        const bool shared = !nic.together.empty(), resets = !nic.reset.empty(), open = !nic.peers.empty();
        const std::string held = nic.driver == "pciback" ? "assignable"
                                 : nic.driver.empty()    ? "without a driver"
                                                         : "with dom0's driver " + nic.driver;
        std::string text = nic.address + " (" + join(nic.interfaces, ", ") + (nic.interfaces.empty() ? "" : ", ") +
                           held + ")" + (resets ? ", resets by " + nic.reset : ", cannot be reset");
        if (shared) text += "; one card with " + join(nic.together, ", ");
        if (open)
            text += "; behind a bridge without ACS with " + join(nic.peers, ", ") + ", which it reaches past the IOMMU";
        out.push_back({"nic", resets && !shared && !open ? State::ok : State::warning, text,
                       shared    ? "give all of the card's functions to the same driver domain"
                       : open    ? "put the card into another slot, or give all of them to the same driver domain"
                       : !resets ? "a driver domain that crashed may leave it running; prefer a card with FLR"
                                 : ""});
    }
}

void judge_space(const Facts& facts, std::vector<Finding>& out) {
    constexpr std::uint64_t least = 64 * mebibyte, good = 512 * mebibyte;
    for (const FreeSpace& place : facts.space) {
        const State state = place.bytes < least ? State::problem : place.bytes < good ? State::warning : State::ok;
        out.push_back({"space", state, place.path + " has " + std::to_string(place.bytes / mebibyte) + " MiB free",
                       state == State::ok ? "" : "make room: images, the journal and saved guests go there"});
    }
}

} // namespace bulkhead::host
