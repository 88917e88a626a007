// The commands about policies of the Xen 3 users' manual, chapter 10.
#include "cli/verb.hpp"

#include "base/text.hpp"
#include "cli/acm_answer.hpp"
#include "cli/acm_files.hpp"
#include "cli/client.hpp"
#include "cli/create_call.hpp"
#include "policy/answers.hpp"
#include "policy/compiled.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

// Without a policy the manual's DEFAULT is in force (10.2.1), which no file is of.
void print_state(const json& active) {
    const bool none = active.value("state", "") == "none";
    const std::string name = none ? std::string(policy::default_policy) : active.value("name", "");
    std::fputs(policy::getpolicy_answer(name, none ? "1.0" : active.value("version", "")).c_str(), stdout);
}

Result<int> getpolicy(const Arguments& arguments) {
    const json active = TRY(active_policy());
    if (arguments.has("json")) {
        print_json(active);
        return 0;
    }
    print_state(active);
    if (arguments.has("dumpxml")) std::fputs(active.value("xml", "").c_str(), stdout);
    return 0;
}

Result<int> setpolicy(const Arguments& arguments) {
    const std::string &type = arguments.positional()[0], &name = arguments.positional()[1];
    if (type != "ACM" && type != "acm")
        return usage_error("Unsupported policytype '" + printable(type, 64) + "'."); // also FLASK: docs/policy.md
    const std::string file = TRY(find_policy_file(name));
    const json answer = TRY(ask("policy-set", {{"name", name}, {"file", file}}));
    TRY(check_done(answer, "An error occurred trying to set the policy: ", file));
    if (arguments.has("json")) {
        print_json(answer);
        return 0;
    }
    std::puts("Successfully set the new policy.");
    print_state(answer);
    return 0;
}

Result<int> resetpolicy(const Arguments& arguments) {
    const json answer = TRY(ask("policy-reset", json::object()));
    if (!answer.value("done", false)) {
        std::string message = policy::python_quoted("Could not reset the system's policy. Try to halt all guests.");
        message += "\n" + answer.value("reason", "");
        for (const json& problem : answer.value("problems", json::array())) message += "\n" + problem.value("text", "");
        return fail(message);
    }
    if (arguments.has("json"))
        print_json(answer);
    else
        std::puts("Successfully reset the system's policy.");
    return 0;
}

Result<int> labels(const Arguments& arguments) {
    std::optional<std::string> name;
    std::optional<policy::LabelKind> kind;
    for (const std::string& word : arguments.positional()) {
        if (word.starts_with("type=")) {
            if (kind) return usage_error("type is definied twice");
            kind = policy::label_kind(word.substr(5));
            if (!kind) return xm_error("Unknown label type '" + word.substr(5) + "'");
        } else if (word.find('=') != std::string::npos) {
            return usage_error("Unrecognised option: " + word);
        } else if (name) {
            return usage_error("policy is defined twice");
        } else {
            name = word;
        }
    }
    std::vector<std::string> names = {std::string(policy::system_management)}; // DEFAULT's, 10.2.1
    if (name) {
        names = policy::label_names(*TRY(read_policy_file(*name)), kind.value_or(policy::LabelKind::domain));
    } else if (const json active = TRY(active_policy()); active.value("state", "") == "active") {
        names = policy::label_names(*TRY(policy_of(active)), kind.value_or(policy::LabelKind::domain));
    } else if (kind == policy::LabelKind::resource) {
        names.clear();
    }
    if (arguments.has("json"))
        print_json(json(names));
    else
        for (const std::string& label : names) std::puts(label.c_str());
    return 0;
}

Result<int> resources(const Arguments& arguments) {
    const json answer = TRY(ask("policy-resources", json::object()));
    if (arguments.has("json")) {
        print_json(answer["resources"]);
        return 0;
    }
    std::vector<policy::LabelledResource> all;
    for (const json& one : answer["resources"])
        all.push_back({one.value("resource", ""), one.value("policy", ""), one.value("label", ""),
                       one.value("type", "") == "ACM"});
    std::fputs(policy::resources_answer(std::move(all)).c_str(), stdout);
    return 0;
}

Result<int> dry_run(const Arguments& arguments) {
    const json request = TRY(create_request("dry-run", arguments));
    if (program_name() == "xm" && !arguments.has("json")) say_config_file(request);
    const json answer = TRY(ask("policy-test", request));
    const json domain = answer.value("domain", json::object());
    policy::DryRun run;
    run.domain = answer.value("name", "");
    run.policy = domain.value("policy", "");
    run.label = domain.value("label", "");
    run.permitted = domain.value("permitted", false);
    run.labelled = domain.value("labelled", false);
    run.enforced = answer.value("state", "") != "none";
    if (run.label.empty() && run.enforced) {
        run.label = policy::unlabeled;
        run.policy = TRY(active_policy()).value("name", "");
    }
    for (const json& one : answer.value("resources", json::array())) {
        // Of vifs only what is denied, as xm showed none; they are no resources.
        if (one.value("resource", "").empty() && one.value("permitted", false)) continue;
        run.resources.push_back({policy::xm_disk_name(one.value("name", "")), one.value("permitted", false),
                                 one.value("type", ""), one.value("policy", ""), one.value("label", "")});
    }
    if (arguments.has("json"))
        print_json(answer);
    else
        std::fputs(policy::dry_run_answer(run).c_str(), stdout);
    return run.passed() ? 0 : 1;
}

Result<int> dumppolicy(const Arguments& arguments) {
    const json running = TRY(ask("policy-dump", json::object()));
    if (arguments.has("json")) {
        print_json(running);
        return 0;
    }
    const json active = TRY(active_policy());
    if (active.value("state", "") != "active") return xm_error("No policy is installed.");
    const policy::PolicyPtr policy = TRY(policy_of(active));
    const auto label = [&policy](const json& name) -> Result<policy::LabelId> {
        const auto found = policy->find_vm_label(name.is_string() ? name.get<std::string>() : "");
        if (!found) return fail("the policy has just changed; try again");
        return *found;
    };
    const policy::LabelId domain0 = TRY(label(running.value("domain0", json())));
    std::vector<policy::LabelId> domains;
    const json& rows = running["domains"];
    for (std::size_t i = 1; i < rows.size(); ++i)
        domains.push_back(TRY(label(rows[i].value("label", json())))); // Domain-0 is first
    policy::dump_policy(*policy, domain0, domains,
                        [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); });
    return 0;
}

} // namespace

const std::vector<Verb>& acm_policy_verbs() {
    static const std::vector<Verb> verbs = {
        {"getpolicy",
         "",
         "Show which policy is in force",
         "",
         {{0, "dumpxml", nullptr, "the policy's text, too"}, json_option},
         0,
         0,
         getpolicy},
        {"setpolicy",
         "ACM NAME",
         "Put a policy into force, or update the one that is",
         "The policy NAME.OF.IT is the file NAME/OF/IT-security_policy.xml in the current folder, otherwise in "
         "/etc/xen/acm-security/policies. bulkheadd keeps a copy and enforces it from its next start on, too. A policy "
         "follows another one only as an update of it: its FromPolicy names that one's name and version; DEFAULT may "
         "be followed by any. Either every domain and resource gets its label of the new policy, or nothing changes "
         "and everything that stands in the way is said. `policy diff` compares two policies before.",
         {{0, "load", nullptr, "as xm had it: put it into force. Both always happen"},
          {0, "boot", nullptr, "as xm had it: and again at each start of the host"},
          json_option},
         2,
         2,
         setpolicy},
        {"resetpolicy",
         "",
         "Go back to the policy DEFAULT",
         "No domain with a label of its own may run. Labels of resources become invalid: nobody may use these "
         "resources until they are labelled anew.",
         {json_option},
         0,
         0,
         resetpolicy},
        {"labels",
         "[POLICY] [type=dom|res|any]",
         "List the labels of a policy",
         "Of the policy in force unless POLICY is given: labels of domains (dom, which is assumed), of resources "
         "(res), or both.",
         {json_option},
         0,
         any_number,
         labels},
        {"resources", "", "List the labelled resources", "", {json_option}, 0, 0, resources},
        {"dry-run",
         "FILE [VARIABLE=VALUE...]",
         "Say whether a domain may use what its configuration names",
         "By the labels alone: neither whether the host is authorised to run it nor what runs now counts. Exit status "
         "1 if not.",
         {{'f', "defconfig", "FILE", "the configuration file"},
          {0, "python", nullptr, "FILE is a program for xm: run it by python3, without any rights"},
          json_option},
         0,
         any_number,
         dry_run},
        {"dumppolicy",
         "",
         "Print the policy in force as numbers",
         "As Xen 4.1's hypervisor held it: for each label its types, what runs and what that excludes. Row 0 is "
         "unlabeled, row 1 the label that Domain-0 boots with, then labels and types are in ASCII order.",
         {json_option},
         0,
         0,
         dumppolicy},
    };
    return verbs;
}

} // namespace bulkhead::cli
