// Wall: which labels the running domains exclude, by reference counts (Xen 3 users' manual, 10.3.3). Every live domain
// counts, Domain-0 too.
#pragma once

#include "policy/policy.hpp"

#include <cstdint>
#include <vector>

namespace bulkhead::policy {

class Wall {
public:
    explicit Wall(PolicyPtr policy);

    // A domain of this label may start beside those that run.
    [[nodiscard]] bool admits(LabelId label) const;
    // A label with this Chinese Wall type may not start.
    [[nodiscard]] bool excludes(TypeId wall_type) const { return blocked_[wall_type] != 0; }
    // A domain of this label runs. It is counted even if the wall would not have admitted it.
    void enter(LabelId label) { count(label, +1); }
    // One ended; there must have been one.
    void leave(LabelId label) { count(label, -1); }

    bool operator==(const Wall& other) const { return blocked_ == other.blocked_; }

private:
    void count(LabelId label, int by);

    PolicyPtr policy_;
    // Per Chinese Wall type: in how many pairs of a live domain and a rule the rule has this type, and the domain
    // another type of the rule. A type is excluded while that is not zero.
    std::vector<std::uint64_t> blocked_;
};

} // namespace bulkhead::policy
