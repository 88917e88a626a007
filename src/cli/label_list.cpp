#include "cli/label_list.hpp"

#include "cli/client.hpp"
#include "cli/domain_row.hpp"
#include "policy/answers.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

constexpr const char* outsider = "INACTIVE"; // the manual's word, 10.2.3, where the policy has no say

// As the manual shows a host without a policy, 10.2.1; empty where one is in force.
std::string label_by_default(bool no_policy, bool domain0) {
    if (!no_policy) return {};
    return policy::full_label(policy::default_policy, domain0 ? policy::system_management : policy::unlabeled);
}

policy::LabelRow row_of(const json& domain, bool no_policy) {
    policy::LabelRow row;
    row.name = domain.value("name", "");
    row.id = std::to_string(domain.value("id", 0U));
    row.memory_mib = domain.value("memory_kib", std::uint64_t{0}) / 1024;
    row.vcpus = domain.value("vcpus", 0U);
    row.state = domain_state(domain);
    row.seconds = static_cast<double>(domain.value("cpu_time_ns", std::uint64_t{0})) / 1e9;
    row.label = domain.contains("label") ? policy::full_label(domain.value("policy", ""), domain.value("label", ""))
                                         : label_by_default(no_policy, row.id == "0");
    if (row.label.empty()) row.label = outsider;
    return row;
}

// What its configuration says; nothing if that is not readable any more.
void add_size(Client& client, policy::LabelRow& row) {
    const auto config = client.call("kept-config", {{"domain", row.name}});
    if (!config) return;
    const auto dry = client.call("dry-run", *config);
    if (!dry) return;
    const json built = json::parse(dry->value("text", ""), nullptr, false);
    if (!built.is_object() || !built.contains("b_info") || !built["b_info"].is_object()) return;
    const json& info = built["b_info"];
    const auto number = [&info](const char* key) -> std::uint64_t {
        return info.contains(key) && info[key].is_number_unsigned() ? info[key].get<std::uint64_t>() : 0;
    };
    row.memory_mib = (number("target_memkb") != 0 ? number("target_memkb") : number("max_memkb")) / 1024;
    row.vcpus = std::max<std::uint64_t>(number("max_vcpus"), 1); // libxl leaves its default out
}

policy::LabelRow kept_row(Client& client, const json& domain, bool no_policy) {
    policy::LabelRow row;
    row.name = domain.value("name", "");
    row.id = "-1";
    row.state = "------";
    row.label = no_policy ? label_by_default(true, false) : outsider;
    const auto label = client.call("policy-domain-label", {{"domain", row.name}});
    if (label && !label->value("policy", "").empty())
        row.label = policy::full_label(label->value("policy", ""), label->value("label", ""));
    add_size(client, row);
    return row;
}

} // namespace

Status print_label_list(const json& answer) {
    Client client = TRY(Client::open());
    client.set_quiet(true);
    const bool no_policy = TRY(client.call("policy-get", json::object())).value("state", "") == "none";
    std::vector<policy::LabelRow> rows;
    for (const json& domain : answer["domains"]) rows.push_back(row_of(domain, no_policy));
    for (const json& domain : answer["kept"]) rows.push_back(kept_row(client, domain, no_policy));
    std::fputs(policy::label_list_answer(std::move(rows)).c_str(), stdout);
    return {};
}

} // namespace bulkhead::cli
