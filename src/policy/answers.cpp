#include "policy/answers.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

namespace bulkhead::policy {
namespace {

std::string lower(std::string_view text) {
    std::string made(text);
    std::transform(made.begin(), made.end(), made.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return made;
}

std::string to_width(std::string text, std::size_t width) {
    if (text.size() < width) text.resize(width, ' ');
    return text;
}

} // namespace

std::string getpolicy_answer(std::string_view name, std::string_view version) {
    std::string text = "Supported security subsystems   : ACM\n";
    text.append("Policy name           : ").append(name).append("\n");
    text.append("Policy type           : ACM\n");
    text.append("Version of XML policy : ").append(version).append("\n");
    text.append("Policy configuration  : loaded").append(name == default_policy ? "" : ", activated for boot");
    return text + "\n";
}

std::string full_label(std::string_view policy, std::string_view label, bool valid) {
    return std::string(valid ? "ACM:" : "INV_ACM:").append(policy).append(":").append(label);
}

std::string config_label_answer(std::string_view policy, std::string_view label) {
    return std::string("policytype=ACM,policy=").append(policy).append(",label=").append(label);
}

std::optional<LabelKind> label_kind(std::string_view word) {
    const std::string kind = lower(word); // as xm
    if (kind == "dom") return LabelKind::domain;
    if (kind == "res") return LabelKind::resource;
    if (kind == "any") return LabelKind::any;
    return std::nullopt;
}

std::vector<std::string> label_names(const Policy& policy, LabelKind kind) {
    std::set<std::string> names;
    if (kind != LabelKind::resource) {
        for (const auto& label : policy.vm_labels()) names.insert(label.name);
    }
    if (kind != LabelKind::domain) {
        for (const auto& label : policy.resource_labels()) names.insert(label.name);
    }
    return {names.begin(), names.end()};
}

std::string resources_answer(std::vector<LabelledResource> resources) {
    std::sort(resources.begin(), resources.end(),
              [](const LabelledResource& a, const LabelledResource& b) { return a.name > b.name; });
    std::string text;
    for (const LabelledResource& resource : resources) {
        text += resource.name + "\n      type: " + (resource.valid ? "ACM" : "INV_ACM") +
                "\n    policy: " + resource.policy + "\n     label: " + resource.label + "\n";
    }
    return text;
}

bool DryRun::passed() const {
    return permitted && std::all_of(resources.begin(), resources.end(), [](const Resource& r) { return r.permitted; });
}

std::string dry_run_answer(const DryRun& run) {
    const auto verdict = [](const std::string& name, bool permitted) {
        return "   " + name + (permitted ? ": PERMITTED\n" : ": DENIED\n");
    };
    std::string text = "Checking domain:\n" + verdict(run.domain, run.permitted);
    if (run.permitted) {
        text += "Checking resources:\n";
        for (const DryRun::Resource& resource : run.resources) {
            text += verdict(resource.name, resource.permitted);
            if (resource.permitted) continue;
            const std::string type = resource.type.empty() ? "ACM" : resource.type;
            text += "   --> res: " + (resource.label.empty() ? std::string(unlabeled) : resource.label) + " (" + type +
                    ":" + (resource.policy.empty() ? run.policy : resource.policy) + ")\n";
            text += "   --> dom: " + run.label + " (ACM:" + run.policy + ")\n";
        }
    } else {
        if (!run.enforced)
            text += "   --> Security off, but domain labeled\n";
        else if (!run.labelled)
            text += "   --> Domain not labeled\n";
        text += "Checking resources: (skipped)\n";
    }
    return text + (run.passed() ? "Dry Run: PASSED\n" : "Dry Run: FAILED\n");
}

std::string label_list_answer(std::vector<LabelRow> rows) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const LabelRow& a, const LabelRow& b) { return lower(a.label) < lower(b.label); });
    std::string text = to_width("Name", 40) + "    ID   Mem VCPUs      State   Time(s) Label\n";
    for (const LabelRow& row : rows) {
        char columns[128];
        std::snprintf(columns, sizeof columns, " %5s %5lu %5lu %10s %8.1f ", row.id.c_str(),
                      static_cast<unsigned long>(row.memory_mib), static_cast<unsigned long>(row.vcpus),
                      row.state.c_str(), row.seconds);
        text += to_width(row.name, 40) + columns;
        if (row.label.size() < 10) text.append(10 - row.label.size(), ' ');
        text += row.label + "\n";
    }
    return text;
}

std::string_view xs_error_text(unsigned code) {
    constexpr std::array<std::string_view, 29> texts = {"Success",
                                                        "General Failure",
                                                        "XML is malformed",
                                                        "Error while processing XML",
                                                        "Policy has inconsistencies",
                                                        "A file access error occurred",
                                                        "The resource format is not valid",
                                                        "The label format is not valid",
                                                        "The resource is not labeld",
                                                        "The resource is already labeld",
                                                        "The policy type is wrong",
                                                        "The system boot policy is installed",
                                                        "Could not find the default boot title",
                                                        "Loading of the policy failed",
                                                        "The policy is loaded",
                                                        "The policy type is unsupported",
                                                        "There is a bad conflict set",
                                                        "The resource is in use",
                                                        "The policy has an invalid name",
                                                        "The version of the policy prevents an update",
                                                        "The label is bad",
                                                        "Operation not premittend - the VM is in the wrong state",
                                                        "The policy is not loaded",
                                                        "Error accessing resource",
                                                        "Operation failed in hypervisor",
                                                        "Boot policy installation error",
                                                        "VM is not authorized to run",
                                                        "VM label conflicts with another VM",
                                                        "Duplicate labels or types in policy"};
    return code < texts.size() ? texts[code] : texts[1];
}

std::string python_quoted(std::string_view text) {
    const bool other = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
    const char quote = other ? '"' : '\'';
    std::string made(1, quote);
    for (const char c : text) {
        if (c == '\\' || c == quote) made += '\\';
        made += c;
    }
    return made + quote;
}

std::string xm_disk_name(std::string_view name) {
    if (!name.starts_with('/')) return std::string(name);
    return (name.starts_with("/dev/") ? "phy:" : "file:") + std::string(name);
}

std::string xm_refusal(std::string_view message) {
    constexpr std::string_view unauthorised = "VM is not authorized to run";
    constexpr std::string_view conflict = "Domain in conflict set with running domains";
    constexpr std::string_view disk = "VM's access to block device '", denied = "' denied";
    constexpr std::string_view vif = "VM's access to network device denied. Check labeling";
    if (message.find(unauthorised) != std::string_view::npos) return std::string(unauthorised) + ".";
    if (message.find(conflict) != std::string_view::npos) return python_quoted(conflict);
    if (message.find(vif) != std::string_view::npos) return std::string(vif);
    const std::size_t begin = message.find(disk);
    const std::size_t end = begin == std::string_view::npos ? begin : message.find(denied, begin);
    if (end == std::string_view::npos) return std::string(message);
    const std::string_view name = message.substr(begin + disk.size(), end - begin - disk.size());
    return std::string(disk) + xm_disk_name(name) + std::string(denied);
}

} // namespace bulkhead::policy
