// What the commands of the Xen 3 users' manual, chapter 10, print; docs/policy.md lists where the manual and Xen 4.1's
// tools disagree and which of them this follows. Pure.
#pragma once

#include "policy/policy.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::policy {

// "Supported security subsystems   : ACM" and four more lines. DEFAULT is what is in force without a policy, so it is
// loaded, but not activated for boot.
std::string getpolicy_answer(std::string_view name, std::string_view version);

// A label as domains and resources show it: ACM:POLICY:LABEL; the type is INV_ACM when a policy change made it invalid.
std::string full_label(std::string_view policy, std::string_view label, bool valid = true);
// getlabel of a configuration file.
std::string config_label_answer(std::string_view policy, std::string_view label);

enum class LabelKind { domain, resource, any };
// nullopt: the word is none of dom, res and any.
std::optional<LabelKind> label_kind(std::string_view word);
// Each name once, in ASCII order.
std::vector<std::string> label_names(const Policy& policy, LabelKind kind);

struct LabelledResource {
    std::string name, policy, label;
    bool valid = true;
};
// In the descending order of names, as the chapter shows them.
std::string resources_answer(std::vector<LabelledResource> resources);

struct DryRun {
    struct Resource {
        std::string name; // as the configuration has it
        bool permitted = false;
        std::string type, policy, label; // its own; empty: it has none
    };
    std::string domain, policy, label; // the domain's name and label
    bool permitted = false;            // the domain itself
    bool labelled = false;             // it carries a label
    bool enforced = true;              // a policy is in force
    std::vector<Resource> resources;
    [[nodiscard]] bool passed() const;
};
std::string dry_run_answer(const DryRun& run);

struct LabelRow {
    std::string name, id; // "-1" for a domain that is kept and does not run
    std::uint64_t memory_mib = 0;
    std::uint64_t vcpus = 0;
    std::string state; // six characters
    double seconds = 0;
    std::string label; // full_label(), or INACTIVE
};
// list --label: a heading, then the rows by label without regard to case, and by their order where labels are the same.
std::string label_list_answer(std::vector<LabelRow> rows);

// What Xen 4.1 called an error number of its own (xsconstants.py, without its base 0x1000), with its spelling.
std::string_view xs_error_text(unsigned code);

// xm printed most of its policy errors as Python shows a text: 'Domain not labeled', or "VM's ..." with the other
// quotes.
std::string python_quoted(std::string_view text);

// A disk's path as xm's configurations had it: phy:PATH below /dev, file:PATH elsewhere. Other names stay.
std::string xm_disk_name(std::string_view name);

// The error of xm for one of bulkheadd's: where the policy refuses, the manual's words without the reason that follows
// them; everything else as it is.
std::string xm_refusal(std::string_view message);

} // namespace bulkhead::policy
