// list --label: domains with their security labels, as xm listed them (Xen 3 users' manual, chapter 10).
#pragma once

#include "base/result.hpp"

#include <nlohmann/json_fwd.hpp>

namespace bulkhead::cli {

// Prints the answer to `list`. Domains that are kept and do not run have the id -1; what they would have of memory and
// processors is asked for one by one.
Status print_label_list(const nlohmann::json& answer);

} // namespace bulkhead::cli
