// The mandatory policy that is in force on this host: docs/policy.md.
#include "cli/client.hpp"
#include "cli/create_call.hpp"
#include "cli/verb.hpp"

#include "base/file.hpp"
#include "policy/names.hpp"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

void line(const char* what, const std::string& text) {
    std::printf("%-22s: %s\n", what, text.c_str());
}

void print_state(const json& state) {
    const std::string kind = state.value("state", "");
    if (kind == "none") {
        std::puts("No policy is installed.");
    } else if (kind == "broken") {
        std::printf("The policy is broken, so nothing starts: %s\n", state.value("reason", "").c_str());
    } else {
        line("Policy name", state.value("name", ""));
        line("Policy type", state.value("type", ""));
        line("Version of XML policy", state.value("version", ""));
        line("SHA-256", state.value("sha256", ""));
        line("Read from", state.value("file", ""));
        line("Label of Domain-0", state.value("domain0", ""));
    }
    line("Mode", state.value("mode", ""));
    for (const json& name : state.value("outsiders", json::array()))
        line("Without a label", name.get<std::string>() + " runs, made by another toolstack");
    const json by = state.value("enforced_by", json::object());
    for (const char* const part : {"bulkheadd", "network", "hypervisor"}) {
        if (by.contains(part)) line(part, by.value(part, ""));
    }
    line("Log of decisions", state.value("audit", ""));
}

Result<int> run_get(const Arguments& arguments) {
    const json state = TRY(ask("policy-get", {{"xml", arguments.has("xml")}}));
    if (arguments.has("json"))
        print_json(state);
    else if (arguments.has("xml"))
        std::fputs(state.value("xml", "").c_str(), stdout);
    else
        print_state(state);
    return 0;
}

// Prints what stood in the way; the exit status.
Result<int> outcome(const json& answer, const Arguments& arguments, const char* done) {
    if (arguments.has("json")) {
        print_json(answer);
        return answer.value("done", false) ? 0 : 1;
    }
    if (answer.value("done", false)) {
        std::puts(done);
        return 0;
    }
    std::string text = answer.value("reason", "");
    for (const json& problem : answer.value("problems", json::array())) {
        const unsigned at = problem.value("line", 0U);
        text += "\n  " + (at == 0 ? "" : "line " + std::to_string(at) + ": ") + problem.value("text", "");
    }
    return fail(text);
}

Result<int> run_set(const Arguments& arguments) {
    const std::string& wanted = arguments.positional()[0];
    json request = {{"check", arguments.has("check")}};
    // A file, or a policy's name, which is looked for here and then where the daemon looks.
    std::string file = wanted;
    if (!exists(file) && policy::check_policy_name(wanted)) file = policy::policy_file_name(wanted);
    std::error_code error;
    if (exists(file))
        request["file"] = std::filesystem::absolute(file, error).string();
    else if (wanted.find('/') != std::string::npos)
        return fail(wanted + ": there is no such file");
    else
        request["name"] = wanted;
    return outcome(TRY(ask("policy-set", request)), arguments,
                   arguments.has("check") ? "The policy can be set now." : "Successfully set the new policy.");
}

Result<int> run_reset(const Arguments& arguments) {
    return outcome(TRY(ask("policy-reset", json::object())), arguments, "Successfully reset the system's policy.");
}

Result<int> run_mode(const Arguments& arguments) {
    json request = json::object();
    if (!arguments.positional().empty()) request["mode"] = arguments.positional()[0];
    const json answer = TRY(ask("policy-mode", request));
    if (arguments.has("json"))
        print_json(answer);
    else
        std::puts(answer.value("mode", "").c_str());
    return 0;
}

// A file is a configuration, what has a prefix is a resource, the rest are domains.
Result<int> run_explain(const Arguments& arguments) {
    const std::string& what = arguments.positional()[0];
    json request = {{"domain", what}};
    std::error_code error;
    const bool is_resource = arguments.has("resource") || what.find(':') != std::string::npos;
    if (is_resource)
        request = {{"resource", what}};
    else if (std::filesystem::is_regular_file(what, error))
        request = TRY(create_request("policy explain", arguments));
    const json answer = TRY(ask("policy-explain", request));
    if (arguments.has("json")) {
        print_json(answer);
    } else {
        for (const json& text : answer.value("lines", json::array())) std::puts(text.get<std::string>().c_str());
    }
    return answer.value("permitted", true) ? 0 : 1;
}

Result<int> run_label(const Arguments& arguments) {
    const json request = {{"resource", arguments.positional()[0]}, {"label", arguments.positional()[1]}};
    return outcome(TRY(ask("policy-label", request)), arguments, "Successfully labeled the resource.");
}

Result<int> run_unlabel(const Arguments& arguments) {
    return outcome(TRY(ask("policy-unlabel", {{"resource", arguments.positional()[0]}})), arguments,
                   "Successfully removed the resource's label.");
}

Result<int> run_relabel(const Arguments& arguments) {
    const json request = {{"domain", arguments.positional()[0]},
                          {"label", arguments.positional().size() > 1 ? arguments.positional()[1] : ""},
                          {"expected", arguments.value("from").value_or("")}};
    return outcome(TRY(ask("policy-relabel", request)), arguments, "Successfully set the label of the domain.");
}

Result<int> run_resources(const Arguments& arguments) {
    const json answer = TRY(ask("policy-resources", json::object()));
    if (arguments.has("json")) {
        print_json(answer["resources"]);
        return 0;
    }
    for (const json& row : answer["resources"]) {
        std::printf("%s %s:%s:%s\n", row.value("resource", "").c_str(), row.value("type", "").c_str(),
                    row.value("policy", "").c_str(), row.value("label", "").c_str());
    }
    return 0;
}

} // namespace

const std::vector<Verb>& policy_state_verbs() {
    static const std::vector<Verb> verbs = {
        {"policy get",
         "",
         "shows the policy that is in force, and who enforces what",
         "",
         {{0, "xml", nullptr, "print the policy itself"}, json_option},
         0,
         0,
         run_get},
        {"policy set",
         "NAME|FILE",
         "puts a policy in force, or updates the one that is",
         "A policy with dots in its NAME is in folders: a.b is a/b-security_policy.xml, here or below "
         "/etc/xen/acm-security/policies. An update names the policy that it follows (FromPolicy). It is refused, with "
         "every reason, if a running domain could not go on.",
         {{0, "check", nullptr, "only say whether it could be set now"}, json_option},
         1,
         1,
         run_set},
        {"policy reset",
         "",
         "takes the policy away: every domain may start",
         "No domain with a label may run. Labels of resources become invalid.",
         {json_option},
         0,
         0,
         run_reset},
        {"policy mode",
         "[enforcing|permissive]",
         "shows or changes whether denials are carried out or only logged",
         "",
         {json_option},
         0,
         1,
         run_mode},
        {"policy label",
         "RESOURCE LABEL",
         "labels a disk, a PCI device or a VLAN",
         "RESOURCE: file:PATH, phy:DEVICE, pci:ADDRESS, vlan:NUMBER, or a path. A file or device is known by what it "
         "is, not by its name. __INACCESSIBLE__ keeps everybody off.",
         {json_option},
         2,
         2,
         run_label},
        {"policy unlabel",
         "RESOURCE",
         "takes a resource's label away; no running domain may use it",
         "",
         {json_option},
         1,
         1,
         run_unlabel},
        {"policy resources", "", "lists the resources that have a label", "", {json_option}, 0, 0, run_resources},
        {"policy relabel",
         "DOMAIN [LABEL]",
         "gives a domain, or Domain-0, another label",
         "Domain-0's must have the types of all that runs. A running domain must be able to keep its devices. Without "
         "LABEL the label goes, if the domain does not run.",
         {{0, "from", "LABEL", "only if this is its label now"}, json_option},
         1,
         2,
         run_relabel},
        {"policy explain",
         "DOMAIN|CONFIG|RESOURCE [VARIABLE=VALUE...]",
         "says what the policy allows, and why",
         "CONFIG: whether a domain from this file may start now; exit status 1 if not. RESOURCE (file:/x, phy:/dev/x, "
         "pci:00:02.0): who may use it. DOMAIN: what it shares with whom.",
         {{0, "resource", nullptr, "the argument is a path of a disk"}, json_option},
         1,
         any_number,
         run_explain},
    };
    return verbs;
}

} // namespace bulkhead::cli
