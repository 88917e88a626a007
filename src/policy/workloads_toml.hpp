// Workloads from a short TOML file. Pure.
//
//     name = "mytest"             # the policy's
//     unlabeled = true            # domains without a label may run (the default): the organisation __UNLABELED__
//     [[organisation]]
//     name = "A-Bank"
//     departments = ["SecurityUnderwriting", "MarketAnalysis"]
//     [[exclusion]]
//     name = "RER"                # the default
//     types = ["A-Bank", "B-Bank", "__UNLABELED__"]
#pragma once

#include "policy/problems.hpp"
#include "policy/workloads.hpp"

#include <string>
#include <string_view>

namespace bulkhead::policy {

constexpr std::size_t toml_max = std::size_t{4} << 20; // bytes

// ASCII only, comments too. Unknown keys are errors, with their lines. What is returned is only good if there are none.
NamedWorkloads read_toml(std::string_view text, Problems& problems);

} // namespace bulkhead::policy
