// The verb `top`.
#pragma once

#include "cli/verb.hpp"

namespace bulkhead::cli {

Result<int> top(const Arguments& arguments);

} // namespace bulkhead::cli
