#include "host/check.hpp"

#include "base/text.hpp"
#include "host/boot_words.hpp"
#include "host/check_parts.hpp"

#include <algorithm>

namespace bulkhead::host {
namespace {

using Findings = std::vector<Finding>;

bool contains(const std::vector<std::string>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

void judge_xen(const Facts& facts, Findings& out) {
    if (facts.under_xen) {
        out.push_back({"xen", State::ok, "Xen " + facts.version + " runs", ""});
        return;
    }
    if (facts.installed.empty()) {
        out.push_back({"xen", State::problem, "this machine does not run under Xen, and Xen is not installed",
                       "apt install xen-system-amd64, then boot it"});
        return;
    }
    out.push_back(
        {"xen", State::problem, "this machine does not run under Xen; installed: " + join(facts.installed, ", "),
         "boot GRUB's entry \"with Xen hypervisor\"; XEN_OVERRIDE_GRUB_DEFAULT=1 in /etc/default/grub.d/xen.cfg "
         "makes it the first"});
}

void judge_control(const Facts& facts, Findings& out) {
    if (!facts.control_domain) {
        out.push_back({"dom0", State::problem, "/proc/xen is not mounted, and the tools need it",
                       "mount -t xenfs xenfs /proc/xen"});
    } else if (*facts.control_domain) {
        out.push_back({"dom0", State::ok, "this is the control domain", ""});
    } else {
        out.push_back({"dom0", State::problem, "this is a guest, not the control domain",
                       "run bulkheadd and this check in dom0"});
    }
}

void judge_utilities(const Facts& facts, Findings& out) {
    if (contains(facts.utilities, facts.version)) {
        out.push_back({"xen-utils", State::ok, "the tools for Xen " + facts.version + " are installed", ""});
        return;
    }
    const std::string have = facts.utilities.empty() ? "none" : "those for " + join(facts.utilities, ", ");
    out.push_back({"xen-utils", State::problem,
                   "Xen " + facts.version + " runs, but its tools are not installed (/usr/lib/xen-" + facts.version +
                       "; there are " + have + ")",
                   "apt install xen-utils-" + facts.version + ", or boot the Xen whose tools are installed"});
}

// The devices that guests drive can write to all memory without an IOMMU.
void judge_iommu(const Facts& facts, Findings& out) {
    if (!facts.info) {
        out.push_back({"iommu", State::warning, "not known: " + facts.info_error,
                       facts.root ? "see to xl info" : "run the check as root"});
        return;
    }
    const std::string& line = facts.info->command_line;
    const auto caps = words(facts.info->virt_caps);
    const bool on = std::any_of(caps.begin(), caps.end(),
                                [](std::string_view cap) { return cap == "hvm_directio" || cap == "pv_directio"; });
    if (!on && iommu_switched_off(line)) {
        out.push_back({"iommu", State::problem, "Xen's command line turns the IOMMU off: " + xen_words(line, "iommu"),
                       "bulkhead host boot-options set iommu=1, unless another file sets it; then reboot"});
    } else if (!on && !facts.firmware_iommu) {
        out.push_back({"iommu", State::problem, "the firmware describes no IOMMU (no ACPI table DMAR or IVRS)",
                       "turn on VT-d or AMD-Vi in the firmware's setup"});
    } else if (!on) {
        out.push_back({"iommu", State::problem, "the firmware describes an IOMMU, but Xen does not use it",
                       "xl dmesg | grep -iE 'vt-d|amd-vi|iommu' says why; iommu=verbose makes it say more"});
    } else {
        out.push_back({"iommu", State::ok, "on", ""});
    }
    if (!on) return;
    const bool refused = interrupts_switched_off(line);
    const bool missing = facts.log && facts.log->interrupt_remapping == false;
    if (refused || missing) {
        out.push_back({"interrupt-remapping", State::warning,
                       std::string("off") +
                           (refused ? " by Xen's command line: " + xen_words(line, "iommu")
                                    : ": the hardware or firmware offers none") +
                           "; a guest with a device may send any interrupt",
                       refused ? "bulkhead host boot-options set iommu=1" : "see the firmware's setup"});
    } else if (facts.log && facts.log->interrupt_remapping) {
        out.push_back({"interrupt-remapping", State::ok, "on", ""});
    }
}

void judge_boot_options(const Facts& facts, Findings& out) {
    if (!facts.log) return;
    if (facts.log->ignored.empty()) return;
    out.push_back({"boot-options", State::warning,
                   "Xen did not take all of its options: " + join(facts.log->ignored, "; "),
                   "bulkhead host boot-options shows where each comes from"});
}

void judge_memory(const Facts& facts, Findings& out) {
    if (!facts.info) return;
    const std::string memory = xen_words(facts.info->command_line, "dom0_mem");
    const std::string ballooning = facts.xl ? facts.xl->autoballoon : "auto"; // xl.conf(5)'s default
    constexpr const char* fix = "bulkhead host boot-options set dom0_mem=1024M,max:1024M (or what dom0 needs)";
    if (ballooning == "on") {
        out.push_back({"dom0-memory", State::warning,
                       "autoballoon=\"on\" in /etc/xen/xl.conf takes memory from dom0 for each guest" +
                           (memory.empty() ? std::string() : ", against " + memory),
                       "set autoballoon=\"auto\" or \"off\""});
    } else if (memory.empty()) {
        out.push_back(
            {"dom0-memory", State::warning, "dom0 has all memory, which leaves it bit by bit as guests start", fix});
    } else if (memory.find("max:") == std::string::npos) {
        out.push_back({"dom0-memory", State::warning,
                       memory + " has no max:, so dom0 keeps books for all of the machine's memory", fix});
    } else {
        out.push_back({"dom0-memory", State::ok, memory, ""});
    }
}

} // namespace

const char* state_text(State state) {
    switch (state) {
    case State::ok:
        return "ok";
    case State::warning:
        return "warning";
    case State::problem:
        break;
    }
    return "problem";
}

std::vector<Finding> judge(const Facts& facts, const VifNeeds& needs) {
    Findings out;
    judge_xen(facts, out);
    if (facts.under_xen) {
        judge_control(facts, out);
        judge_utilities(facts, out);
        judge_iommu(facts, out);
        judge_boot_options(facts, out);
        judge_memory(facts, out);
        judge_store(facts, needs, out);
    }
    judge_starting(facts, out);
    judge_bridge(facts, out);
    judge_hotplug(facts, out);
    judge_modules(facts, out);
    judge_devices(facts, out);
    judge_space(facts, out);
    return out;
}

} // namespace bulkhead::host
