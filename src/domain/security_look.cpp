#include "domain/security_look.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bulkhead::domain {
namespace {

using nlohmann::json;

json type_names(const policy::TypeSet& types, const std::function<std::string(policy::TypeId)>& name) {
    json names = json::array();
    for (const policy::TypeId type : types.types()) names.push_back(name(type));
    return names;
}

json label_row(const policy::Policy& policy, policy::LabelId label) {
    const auto& types = policy.vm_labels()[label];
    return {{"label", types.name},
            {"ssidref", ssidref(policy, types.name)},
            {"ste", type_names(types.ste, [&](policy::TypeId type) { return policy.ste_type(type); })},
            {"wall", type_names(types.wall, [&](policy::TypeId type) { return policy.wall_type(type); })}};
}

const char* state_text(Security::State state) {
    switch (state) {
    case Security::State::none:
        return "none";
    case Security::State::active:
        return "active";
    case Security::State::broken:
        break;
    }
    return "broken";
}

std::string sentence(const Check& check) {
    const std::string what =
        check.device.empty() ? "the domain" : check.device + (check.name.empty() ? "" : " (" + check.name + ")");
    return what + ": " + (check.decision.allowed ? "allowed: " + check.decision.reason : "denied: " + check.text());
}

} // namespace

json policy_state(const Security& security, bool with_xml) {
    json object = {{"state", state_text(security.state())},
                   {"mode", security.permissive() ? "permissive" : "enforcing"},
                   {"type", "ACM"},
                   {"audit", security.audit().file()}};
    if (security.state() == Security::State::broken) object["reason"] = security.why_broken();
    const policy::Host* const host = security.host();
    if (host == nullptr) return object;
    object["name"] = host->policy()->name();
    object["version"] = host->policy()->version().text();
    object["sha256"] = security.stored().sha256;
    object["domain0"] = host->policy()->vm_labels()[host->domain0()].name;
    object["file"] = security.file();
    object["outsiders"] = security.outsiders();
    if (with_xml) object["xml"] = security.stored().xml;
    return object;
}

json outcome_json(const Outcome& outcome) {
    json problems = json::array();
    for (const policy::Problem& problem : outcome.problems)
        problems.push_back({{"line", problem.line}, {"text", problem.text}});
    return {{"done", outcome.done()}, {"code", outcome.code}, {"reason", outcome.reason}, {"problems", problems}};
}

json resource_json(const Security& security, const Labelled& resource) {
    const StoredResource* const row = security.find(resource);
    if (row == nullptr) return {{"resource", resource.key}, {"labelled", false}};
    return {{"resource", row->resource.key},
            {"labelled", true},
            {"type", row->label.valid ? "ACM" : "INV_ACM"},
            {"policy", row->label.label == policy::inaccessible ? "*" : row->label.policy},
            {"label", row->label.label}};
}

json resources_json(const Security& security) {
    json list = json::array();
    for (const auto& [key, row] : security.resources()) list.push_back(resource_json(security, row.resource));
    return list;
}

std::uint32_t ssidref(const policy::Policy& policy, std::string_view label) {
    const std::string& bootstrap = policy.vm_labels()[policy.bootstrap()].name;
    if (label == policy::unlabeled) return 0;
    if (label == bootstrap) return 0x00010001;
    std::vector<std::string_view> others;
    for (const auto& other : policy.vm_labels()) {
        if (other.name != bootstrap && other.name != policy::unlabeled) others.push_back(other.name);
    }
    std::sort(others.begin(), others.end());
    const auto found = std::find(others.begin(), others.end(), label);
    if (found == others.end()) return 0;
    const auto index = static_cast<std::uint32_t>(found - others.begin()) + 2;
    return index << 16 | index;
}

json running_state(const Security& security) {
    const policy::Host* const host = security.host();
    if (host == nullptr) return {{"domains", json::array()}, {"excluded", json::array()}};
    const policy::Policy& policy = *host->policy();
    json domains = json::array();
    json domain0 = label_row(policy, host->domain0());
    domain0.update({{"id", 0},
                    {"uuid", domain0_uuid},
                    {"name", "Domain-0"},
                    {"resources", json::array()},
                    {"peers", json::array()}});
    domains.push_back(std::move(domain0));
    for (const auto& [uuid, live] : host->domains()) {
        json row = label_row(policy, live.label);
        const auto tracked = security.tracked().find(uuid);
        row.update({{"id", tracked == security.tracked().end() ? 0 : tracked->second.domain},
                    {"uuid", uuid},
                    {"name", live.name},
                    {"resources", live.resources},
                    {"peers", live.peers}});
        domains.push_back(std::move(row));
    }
    json excluded = json::array();
    for (policy::LabelId label = 0; label < policy.vm_labels().size(); ++label) {
        const policy::Decision decision = host->may_start(label);
        if (!decision.allowed)
            excluded.push_back({{"label", policy.vm_labels()[label].name}, {"reason", decision.reason}});
    }
    return {{"policy", policy.name()},
            {"version", policy.version().text()},
            {"domain0", policy.vm_labels()[host->domain0()].name},
            {"domains", domains},
            {"excluded", excluded}};
}

json test_json(const Security& security, const Question& question, const std::vector<Check>& checks) {
    json object = {{"state", state_text(security.state())}, {"name", question.name}};
    bool passed = true;
    std::string start = "a policy lets it start";
    bool starts = true;
    json resources = json::array();
    std::string denied; // of the domain itself, before its devices are looked at
    for (const Check& check : checks) {
        if (!check.decision.allowed && starts) {
            starts = false;
            start = check.text();
        }
        if (check.device.empty()) {
            if (!check.decision.allowed && check.refusal.empty()) denied = check.decision.reason;
            continue;
        }
        passed = passed && check.decision.allowed;
        json row = {{"name", check.name.empty() ? check.device : check.name},
                    {"resource", check.resource},
                    {"permitted", check.decision.allowed},
                    {"reason", check.decision.allowed ? check.decision.reason : check.text()}};
        Labelled resource;
        resource.key = check.resource;
        const json label = resource_json(security, resource);
        for (const char* const key : {"labelled", "type", "policy", "label"}) {
            if (label.contains(key)) row[key] = label[key];
        }
        resources.push_back(std::move(row));
    }
    if (security.state() == Security::State::none) start = "no policy is in force";
    json domain = {{"permitted", denied.empty()}, {"labelled", question.label.has_value()}, {"reason", denied}};
    domain["policy"] = question.label ? question.label->policy : "";
    domain["label"] = question.label ? question.label->label : "";
    object["domain"] = std::move(domain);
    object["resources"] = std::move(resources);
    object["passed"] = passed && denied.empty();
    object["start"] = {{"permitted", starts}, {"reason", start}};
    return object;
}

std::vector<std::string> explain_start(const Security& security, const Question& question,
                                       const std::vector<Check>& checks) {
    if (security.state() == Security::State::none) return {"no policy is in force: '" + question.name + "' may start"};
    std::vector<std::string> lines;
    lines.push_back("'" + question.name + "' " +
                    (question.label ? "has the label " + question.label->label + " of policy " + question.label->policy
                                    : "has no label"));
    bool allowed = true;
    for (const Check& check : checks) {
        lines.push_back(sentence(check));
        allowed = allowed && check.decision.allowed;
    }
    lines.push_back(allowed                 ? "it may start now"
                    : security.permissive() ? "it would be denied, but the policy is permissive: it may start"
                                            : "it may not start now");
    return lines;
}

std::vector<std::string> explain_domain(const Security& security, const std::string& uuid, const std::string& name) {
    const auto types = security.types(uuid);
    const policy::Host* const host = security.host();
    if (host == nullptr) return {"no policy is in force"};
    if (!types) return {"'" + name + "' runs, but policy " + host->policy()->name() + " has no label for it"};
    std::vector<std::string> lines = {"'" + name + "' has the label " + types->label};
    for (const std::string& type : types->ste) lines.push_back("STE type " + type);
    const auto label = host->policy()->find_vm_label(types->label);
    const auto shares = [&](const std::string& other, policy::LabelId with) {
        const policy::Decision decision = host->policy()->share(*label, with);
        lines.push_back((decision.allowed ? "shares with " : "does not share with ") + other + ": " + decision.reason);
    };
    if (uuid != domain0_uuid) shares("Domain-0", host->domain0());
    for (const auto& [other, live] : host->domains()) {
        if (other != uuid) shares("'" + live.name + "'", live.label);
    }
    const auto live = host->domains().find(uuid);
    if (live == host->domains().end()) return lines;
    for (const std::string& resource : live->second.resources)
        lines.push_back("uses " + resource + ": " + host->may_use(*label, resource).reason);
    return lines;
}

std::vector<std::string> explain_resource(const Security& security, const Labelled& resource) {
    const policy::Host* const host = security.host();
    if (host == nullptr) return {"no policy is in force"};
    const StoredResource* const row = security.find(resource);
    const std::string key = row == nullptr ? resource.key : row->resource.key;
    std::vector<std::string> lines = {key + (row == nullptr ? " has no label"
                                                            : " has the label " +
                                                                  std::string(row->label.valid ? "ACM:" : "INV_ACM:") +
                                                                  row->label.policy + ":" + row->label.label)};
    for (policy::LabelId label = 0; label < host->policy()->vm_labels().size(); ++label) {
        const policy::Decision decision = host->may_use(label, key);
        lines.push_back("domains labelled " + host->policy()->vm_labels()[label].name +
                        (decision.allowed ? " may use it: " : " may not use it: ") + decision.reason);
    }
    return lines;
}

} // namespace bulkhead::domain
