// A domain's row as `list` prints it, for every verb that adds columns to it. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace bulkhead::cli {

// "NAME ID MEM VCPUS STATE TIME" of one of the objects that the daemon answers "list" with. No newline.
std::string domain_row(const nlohmann::json& domain);

// "r-----": what the domain does, in six characters.
std::string domain_state(const nlohmann::json& domain);

} // namespace bulkhead::cli
