// From one policy to the next while domains run (Xen 3 users' manual, 10.3.5). Pure.
#pragma once

#include "policy/host.hpp"
#include "policy/policy.hpp"
#include "policy/problems.hpp"

#include <optional>
#include <vector>

namespace bulkhead::policy {

// What becomes of each label of the old policy in the next one; nullopt: deleted.
struct LabelMap {
    std::vector<std::optional<LabelId>> vm, resource; // by the old policy's ids
};

// `next` may follow `old`: its FromPolicy names old's name and version, and its own version is higher. From DEFAULT and
// to DEFAULT neither is asked. Lines are those of `next`.
void check_succession(const Policy& old, const Policy& next, Problems& problems);

// A label goes to the one that says from= it, else to the one of the same name. An error for a from= that names no
// label of `old`.
LabelMap map_labels(const Policy& old, const Policy& next, Problems& problems);

// The host as it will be under the next policy, when nothing stands in the way: assign it to commit, drop it to roll
// back. Without it, everything that stands in the way.
struct Update {
    std::optional<Host> host;
    LabelMap labels;
    std::vector<Problem> problems;
};
Update prepare_update(const Host& host, const PolicyPtr& next);

} // namespace bulkhead::policy
