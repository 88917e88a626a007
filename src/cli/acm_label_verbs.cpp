// The commands about labels of the Xen 3 users' manual, chapter 10.
#include "cli/verb.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/acm_answer.hpp"
#include "cli/acm_files.hpp"
#include "cli/client.hpp"
#include "policy/answers.hpp"
#include "policy/config_label.hpp"
#include "policy/label_file.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

enum class Target { dom, res, mgt };

Result<Target> target_of(const std::string& word) {
    std::string kind = word;
    std::transform(kind.begin(), kind.end(), kind.begin(), [](unsigned char c) { return std::tolower(c); });
    if (kind == "dom") return Target::dom;
    if (kind == "res") return Target::res;
    if (kind == "mgt") return Target::mgt;
    if (kind.starts_with("vif"))
        return usage_error("a vif has its label in the configuration: policy=NAME,label=LABEL in its vif= text");
    return usage_error("Need to specify either \"dom\", \"mgt\" or \"res\" as object to add label to.");
}

// ---- configuration files ----

// A file's text and what it takes to put another one in its place.
struct ConfigFile {
    std::string path; // without symbolic links: what is replaced must not be one
    std::string text;
    struct stat owner {};
};

Result<ConfigFile> read_config(const std::string& name) {
    ConfigFile file;
    const std::string found = find_config_file(name);
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(found.c_str(), nullptr), &std::free);
    if (real == nullptr) return fail("Configuration file '" + name + "' not found.");
    file.path = real.get();
    if (::stat(file.path.c_str(), &file.owner) != 0) return fail_errno(file.path);
    if (!S_ISREG(file.owner.st_mode)) return fail(name + ": Invalid configuration file.");
    file.text = TRY(read_file(file.path, policy::config_file_max));
    return file;
}

Status replace(const ConfigFile& file, const std::string& text) {
    TRY(write_file_atomic(file.path, text, file.owner.st_mode & 07777));
    if ((file.owner.st_uid != ::geteuid() || file.owner.st_gid != ::getegid()) &&
        ::lchown(file.path.c_str(), file.owner.st_uid, file.owner.st_gid) != 0)
        return fail_errno(file.path);
    return {};
}

// xm's errors of its own look as Python's; the others have the file and line.
template <typename T>
Result<T> in_xm_words(Result<T> result) {
    if (!result && result.error().code != 0) return xm_error(result.error().message);
    return result;
}

// The policy that a label is of: the one that is given, else the one in force. The label must be one of it.
Result<std::string> policy_for(const std::optional<std::string>& given, const std::string& label) {
    policy::PolicyPtr policy;
    if (given) {
        policy = TRY(read_policy_file(*given));
    } else {
        const auto active = active_policy();
        if (!active || active->value("state", "") != "active")
            return fail("ACM security is not enabled. You must specify the policy on the command line." +
                        (active ? "" : "\n" + active.error().message));
        policy = TRY(policy_of(*active));
    }
    if (!policy->find_vm_label(label)) return xm_error("Label '" + printable(label, 64) + "' not found.");
    return policy->name();
}

Result<int> add_to_file(const std::string& label, const std::string& name, const std::optional<std::string>& given) {
    const ConfigFile file = TRY(read_config(name));
    const std::string policy = TRY(policy_for(given, label));
    TRY(replace(file, TRY(in_xm_words(policy::add_config_label(file.text, file.path, policy, label)))));
    return 0;
}

// ---- what bulkheadd keeps ----

// The policy of POLICY or TYPE:POLICY; empty: the one in force.
Result<std::string> policy_word(const std::optional<std::string>& word, bool needs_type) {
    if (!word) return std::string();
    const auto parts = split(*word, ':');
    if (parts.size() > 2 || (parts.size() == 1 && needs_type)) return usage_error("Policy name in wrong format.");
    if (parts.size() == 2 && parts[0] != "ACM")
        return usage_error("Unsupported policytype '" + printable(parts[0], 64) + "'.");
    return std::string(parts.back());
}

Result<int> add_to_domain(const std::string& label, const std::string& domain, const std::string& policy) {
    const json before = TRY(ask("policy-domain-label", {{"domain", domain}}));
    const json answer =
        TRY(ask("policy-relabel",
                {{"domain", domain}, {"label", label}, {"policy", policy}, {"expected", before.value("label", "")}}));
    TRY(check_done(answer, "An error occurred relabeling the domain: "));
    std::printf("Successfully set the label of %sdomain '%s' to '%s'.\n",
                answer.value("dormant", false) ? "the dormant " : "", domain.c_str(), label.c_str());
    return 0;
}

std::string label_of(const json& resource) {
    return policy::full_label(resource.value("policy", ""), resource.value("label", ""),
                              resource.value("type", "") == "ACM");
}

Result<int> add_to_resource(const std::string& label, const std::string& name, const std::string& policy) {
    const json before = TRY(ask("policy-resource", {{"resource", name}}));
    if (before.value("labelled", false))
        return xm_error("'" + name + "' is already labeled with '" + label_of(before) + "'.");
    if (!policy.empty() && TRY(active_policy()).value("name", "") != policy)
        return fail("'An error occurred labeling the resource: The policy is not loaded.'\npolicy " +
                    printable(policy, 64) + " is not the one in force");
    TRY(check_done(TRY(ask("policy-label", {{"resource", name}, {"label", label}})),
                   "An error occurred labeling the resource: "));
    return 0;
}

Result<int> addlabel(const Arguments& arguments) {
    const auto& words = arguments.positional();
    const Target target = TRY(target_of(words[1]));
    const auto given = words.size() > 3 ? std::optional(words[3]) : std::nullopt;
    const std::string policy = TRY(policy_word(given, target == Target::mgt));
    switch (target) {
    case Target::dom:
        return add_to_file(words[0], words[2], given ? std::optional(policy) : std::nullopt);
    case Target::res:
        return add_to_resource(words[0], words[2], policy);
    case Target::mgt:
        break;
    }
    return add_to_domain(words[0], words[2], policy);
}

Result<int> rmlabel(const Arguments& arguments) {
    const Target target = TRY(target_of(arguments.positional()[0]));
    const std::string& name = arguments.positional()[1];
    if (target == Target::dom) {
        const ConfigFile file = TRY(read_config(name));
        TRY(replace(file, TRY(in_xm_words(policy::remove_config_label(file.text, file.path)))));
    } else if (target == Target::res) {
        if (!TRY(ask("policy-resource", {{"resource", name}})).value("labelled", false))
            return xm_error("Resource not labeled");
        TRY(check_done(TRY(ask("policy-unlabel", {{"resource", name}})), "An error occurred removing the label: "));
    } else {
        const json before = TRY(ask("policy-domain-label", {{"domain", name}}));
        if (!before.value("labelled", false)) return xm_error("Domain was not labeled.");
        const json wanted = {{"domain", name}, {"label", ""}, {"expected", before.value("label", "")}};
        TRY(check_done(TRY(ask("policy-relabel", wanted)), "An error occurred relabeling the domain: "));
        std::printf("Successfully removed label from domain %s.\n", name.c_str());
    }
    return 0;
}

Result<int> getlabel(const Arguments& arguments) {
    const Target target = TRY(target_of(arguments.positional()[0]));
    const std::string& name = arguments.positional()[1];
    json found;
    std::string text;
    if (target == Target::dom) {
        const ConfigFile file = TRY(read_config(name));
        const auto label = TRY(policy::find_config_label(file.text, file.path));
        if (!label) return xm_error("Domain not labeled");
        found = {{"type", "ACM"}, {"policy", label->policy}, {"label", label->label}};
        text = policy::config_label_answer(label->policy, label->label);
    } else if (target == Target::res) {
        found = TRY(ask("policy-resource", {{"resource", name}}));
        if (!found.value("labelled", false)) return xm_error("Resource not labeled");
        text = label_of(found);
    } else {
        found = TRY(ask("policy-domain-label", {{"domain", name}}));
        text = policy::full_label(found.value("policy", ""), found.value("label", ""));
    }
    if (arguments.has("json"))
        print_json(found);
    else
        std::puts(text.c_str());
    return 0;
}

// ---- xend's labels ----

// A label of another policy, or one that a policy change made invalid, cannot be kept as it is; but nobody could use
// such a resource under xend, and an unlabeled one might be usable.
Status import_entry(const policy::LabelFileEntry& entry, const std::string& active) {
    const bool holds = entry.type == "ACM" && entry.policy == active;
    const std::string label = holds ? entry.label : std::string(policy::inaccessible);
    const json answer = TRY(ask("policy-label", {{"resource", entry.resource}, {"label", label}}));
    TRY(check_done(answer, "An error occurred labeling the resource: "));
    if (!holds && entry.label != policy::inaccessible)
        log::warning(printable(entry.resource, 256) + ": its label " + entry.label + " is of policy " + entry.policy +
                     ", which is not in force: nobody may use it until you label it anew");
    return {};
}

Result<int> import_labels(const Arguments& arguments) {
    const std::string& path = arguments.positional()[0];
    const std::string text = TRY(read_file(path == "-" ? "/dev/stdin" : path, policy::label_file_max));
    policy::Problems problems;
    const auto entries = policy::read_label_file(text, problems);
    if (!problems.none()) return fail(policy::format(problems.errors()[0], path));
    const json active = TRY(active_policy());
    if (active.value("state", "") != "active") return xm_error("No policy is installed.");
    std::size_t failed = 0;
    for (const policy::LabelFileEntry& entry : entries) {
        const Status done = import_entry(entry, active.value("name", ""));
        if (done) continue;
        ++failed;
        log::error(policy::format({entry.line, printable(entry.resource, 256) + ": " + done.error().message}, path));
    }
    std::printf("%zu of %zu labels imported\n", entries.size() - failed, entries.size());
    return failed == 0 ? 0 : 1;
}

} // namespace

const std::vector<Verb>& acm_label_verbs() {
    static const std::vector<Verb> verbs = {
        {"addlabel",
         "LABEL dom|res|mgt FILE|RESOURCE|DOMAIN [POLICY]",
         "Label a configuration, a resource or a domain",
         "dom: adds access_control = ['policy=POLICY,label=LABEL'] to a configuration file, which is looked for here "
         "and in /etc/xen; everything else in it stays. POLICY: the one in force unless it is given. res: labels what "
         "a disk may be, file:PATH, phy:DEVICE or tap:KIND:PATH, which are the same thing under every name; vlan:N; "
         "pci:BDF. It must not be in use. mgt: labels Domain-0 or a domain that is kept (POLICY as ACM:POLICY); every "
         "running domain must stay authorised under Domain-0's new label.",
         {},
         3,
         4,
         addlabel},
        {"rmlabel",
         "dom|res|mgt FILE|RESOURCE|DOMAIN",
         "Take a label away",
         "dom: makes the line of a configuration file a comment.",
         {},
         2,
         2,
         rmlabel},
        {"getlabel", "dom|res|mgt FILE|RESOURCE|DOMAIN", "Show a label", "", {json_option}, 2, 2, getlabel},
        {"policy import-labels",
         "FILE",
         "Take over the resource labels of xend",
         "FILE is xend's /var/lib/xend/security/policies/resource_labels; it is read as data and never executed. "
         "Labels of the policy in force are kept; resources with another policy's label, or with an invalid one, "
         "become __INACCESSIBLE__, since nobody could use them before. Exit status 1 if a label could not be taken "
         "over.",
         {},
         1,
         1,
         import_labels},
    };
    return verbs;
}

} // namespace bulkhead::cli
