#include "policy/wall.hpp"

#include <algorithm>

namespace bulkhead::policy {

Wall::Wall(PolicyPtr policy) : policy_(std::move(policy)), blocked_(policy_->wall_types()) {}

bool Wall::admits(LabelId label) const {
    const auto& types = policy_->vm_labels()[label].wall.types();
    return std::none_of(types.begin(), types.end(), [this](TypeId type) { return blocked_[type] != 0; });
}

void Wall::count(LabelId label, int by) {
    for (const TypeId mine : policy_->vm_labels()[label].wall.types()) {
        for (const RuleId rule : policy_->rules_of(mine)) {
            // A label has at most one type of a rule (check.cpp), so all others of the rule are excluded.
            for (const TypeId other : policy_->rules()[rule].types.types()) {
                if (other != mine) blocked_[other] += static_cast<std::uint64_t>(std::int64_t{by});
            }
        }
    }
}

} // namespace bulkhead::policy
