// What bulkheadd says to requests about the mandatory policy (docs/policy-requests.md), for the commands of the Xen 3
// users' manual, chapter 10.
#pragma once

#include "base/result.hpp"
#include "policy/policy.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace bulkhead::cli {

// An error in xm's words, as Python showed them: 'Domain not labeled'.
[[nodiscard]] tl::unexpected<Error> xm_error(const std::string& words);

// An answer that says "done" passes. Otherwise the error is `words`, which ends where Xen's name for the code belongs,
// and on lines of their own why: `source` is the file that the problems' lines are in.
Status check_done(const nlohmann::json& answer, const std::string& words, const std::string& source = "");

// "policy-get", with the policy's text.
Result<nlohmann::json> active_policy();
// The policy in force, from that.
Result<policy::PolicyPtr> policy_of(const nlohmann::json& active);

} // namespace bulkhead::cli
