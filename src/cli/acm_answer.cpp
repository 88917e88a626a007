#include "cli/acm_answer.hpp"

#include "cli/client.hpp"
#include "policy/answers.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead::cli {

using nlohmann::json;

tl::unexpected<Error> xm_error(const std::string& words) {
    return fail(policy::python_quoted(words));
}

Status check_done(const json& answer, const std::string& words, const std::string& source) {
    if (answer.value("done", false)) return {};
    std::string message =
        policy::python_quoted(words + std::string(policy::xs_error_text(answer.value("code", 1U))) + ".");
    if (const std::string reason = answer.value("reason", ""); !reason.empty()) message += "\n" + reason;
    for (const json& problem : answer.value("problems", json::array())) {
        message += "\n" + policy::format({problem.value("line", 0U), problem.value("text", "")}, source);
    }
    return fail(std::move(message));
}

Result<json> active_policy() {
    json active = TRY(ask("policy-get", {{"xml", true}}));
    if (active.value("state", "") == "broken")
        return fail("the policy that is in force cannot be read, and nothing starts: " + active.value("reason", ""));
    return active;
}

Result<policy::PolicyPtr> policy_of(const json& active) {
    return policy::load_or_fail(active.value("xml", ""), "policy " + active.value("name", ""));
}

} // namespace bulkhead::cli
