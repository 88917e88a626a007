// Workloads by questions, as ezPolicy's windows asked them. Pure: who calls has the terminal.
#pragma once

#include "base/result.hpp"
#include "policy/workloads.hpp"

#include <functional>
#include <optional>
#include <string>

namespace bulkhead::policy {

struct Terminal {
    // One line in answer to the question; nullopt at the end of the input.
    std::function<std::optional<std::string>(const std::string& question)> ask;
    std::function<void(const std::string& message)> say;
};

// Asks again after an answer that cannot be. `name`: the policy's; asked for when empty. The workloads translate
// without errors. An error: the input ended before the last question.
Result<NamedWorkloads> ask_workloads(const Terminal& terminal, std::string name);

} // namespace bulkhead::policy
