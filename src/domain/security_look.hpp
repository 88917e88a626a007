// What people ask about the mandatory policy, as JSON: docs/policy-requests.md. Nothing in here changes anything.
#pragma once

#include "domain/security.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace bulkhead::domain {

nlohmann::json policy_state(const Security& security, bool with_xml);
nlohmann::json outcome_json(const Outcome& outcome);
// "resource", "labelled", "type", "policy", "label".
nlohmann::json resource_json(const Security& security, const Labelled& resource);
nlohmann::json resources_json(const Security& security);
// As xend numbered labels: the VM labels but __UNLABELED__, which is 0, the bootstrap label 1 and the others from 2 in
// ASCII's order; the number in both halves. 0: no such label.
std::uint32_t ssidref(const policy::Policy& policy, std::string_view label);
nlohmann::json running_state(const Security& security);
// As xm's dry-run: Simple Type Enforcement alone. `checks`: of Security::examine().
nlohmann::json test_json(const Security& security, const Question& question, const std::vector<Check>& checks);
// Sentences about a domain that would start, or a running one, or a resource.
std::vector<std::string> explain_start(const Security& security, const Question& question,
                                       const std::vector<Check>& checks);
std::vector<std::string> explain_domain(const Security& security, const std::string& uuid, const std::string& name);
std::vector<std::string> explain_resource(const Security& security, const Labelled& resource);

} // namespace bulkhead::domain
