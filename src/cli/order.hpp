// For verbs that bulkheadd carries out and that say nothing when it is done, unless with --json.
#pragma once

#include "cli/verb.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace bulkhead::cli {

Result<int> order(const std::string& verb, const nlohmann::json& request, const Arguments& arguments);

} // namespace bulkhead::cli
