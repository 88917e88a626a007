// The rules of a policy beyond its XML structure. Pure.
#pragma once

#include "policy/document.hpp"
#include "policy/problems.hpp"

namespace bulkhead::policy {

// Adds everything that is wrong with the document as such; whether it may follow another policy is update.hpp's.
// Errors: names (names.hpp), versions, undeclared types anywhere, duplicates of labels and types, conflict sets of
// fewer than two types, a label with two types of one conflict set, a bootstrap label that does not exist, two labels
// with the same `from`, or one whose `from` is still a label of its own. Warnings: labels without STE types.
void check(const Document& document, Problems& problems);

} // namespace bulkhead::policy
