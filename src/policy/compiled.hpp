// Compiled: a policy as Xen 4.1's hypervisor held it, and as `xm dumppolicy` printed it: rows of types by number.
// Nothing here decides by it; it is what administrators of sHype compared hosts by. Sources: Xen 4.1
// xen/include/public/xsm/acm.h (structures), tools/python/xen/util/acmpolicy.py (order of labels and types),
// tools/security/secpol_tool.c (text). Pure.
#pragma once

#include "policy/matrix.hpp"
#include "policy/policy.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bulkhead::policy {

// Row 0 of both components is __UNLABELED__'s, empty if the policy has no such label; 1 is the bootstrap label's; then
// the other VM labels in ASCII order. Behind them STE has a row for each resource label but __UNLABELED__'s, in ASCII
// order. Types are columns, in ASCII order.
struct Compiled {
    static constexpr std::uint32_t none = UINT32_MAX;
    std::vector<LabelId> vm_rows;       // of row 0 on; `none` for row 0 when the policy does not know unlabeled domains
    std::vector<LabelId> resource_rows; // behind those
    std::vector<TypeId> wall_columns, ste_columns;
    std::vector<RuleId> rule_rows; // by name, in ASCII order; those of one name as in the document

    // A VM label's row number in both halves, the STE's in the upper one: row << 16 | row, as long as rows fit.
    [[nodiscard]] std::uint32_t row_of(LabelId vm_label) const;
};

Compiled compile(const Policy& policy);

// The text of `xm dumppolicy`. `running`: the VM labels of the live domains, Domain-0's, which is `domain0`, not among
// them. Numbers are hexadecimal, versions decimal.
void dump_policy(const Policy& policy, LabelId domain0, std::span<const LabelId> running, const Sink& out);

} // namespace bulkhead::policy
