// ezPolicy's workload definitions (.wld). Each is one assignment of Python,
//
//     ezpolicy = {'orgs': [['A-Bank', ['Dept', ...]], ...], 'cons': [['RER', ['A-Bank', ...]], ...]}
//
// which ezPolicy executed; here it is read as data: dictionaries, lists and string literals, and nothing else. Pure.
#pragma once

#include "policy/problems.hpp"
#include "policy/workloads.hpp"

#include <string_view>

namespace bulkhead::policy {

constexpr std::size_t wld_max = std::size_t{4} << 20; // bytes

// What is returned is only good if there are no errors.
Workloads read_wld(std::string_view text, Problems& problems);

} // namespace bulkhead::policy
