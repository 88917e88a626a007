// What a policy allows between each two of its VM labels, for people and scripts. Pure.
#pragma once

#include "policy/policy.hpp"

#include <functional>
#include <string_view>

namespace bulkhead::policy {

// Takes the text piece by piece: that of ten thousand labels is gigabytes.
using Sink = std::function<void(std::string_view)>;

// {"share": {LABEL: [LABEL...]}, "coexist": {...}, "authorise": {DOMAIN-0'S LABEL: [LABEL...]}}, all in the document's
// order: Policy::can_share, can_coexist and can_authorise for each pair.
void matrix_json(const Policy& policy, const Sink& out);
// The same for people, a line for each label.
void matrix_text(const Policy& policy, const Sink& out);

} // namespace bulkhead::policy
