// What checkpolicy(8), which computes access vectors as the hypervisor does, says about a compiled module.
#pragma once

#include "base/result.hpp"

#include <set>
#include <string>
#include <vector>

namespace bulkhead::policy {

class FlaskOracle {
public:
    // `more` comes behind the module: another module's rules. An error is checkpolicy's own.
    static Result<FlaskOracle> compile(const std::string& module, const std::string& more = {});

    struct Question {
        std::string source, target; // types; event channels and resources have the role object_r
        std::string object_class;
    };
    struct Answers {
        std::vector<std::set<std::string>> allowed; // permissions, one set for each question
        std::vector<int> sids;                      // of the contexts, in the order of `contexts`
    };
    // With the booleans of `on` true and those of `off` false. A type that the policy does not know fails the test.
    [[nodiscard]] Answers ask(const std::vector<Question>& questions, const std::set<std::string>& on = {},
                              const std::set<std::string>& off = {},
                              const std::vector<std::string>& contexts = {}) const;

private:
    std::string conf_;
};

} // namespace bulkhead::policy
