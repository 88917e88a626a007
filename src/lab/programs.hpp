// Where our own programs are, seen from the one that runs: installed side by side, or in a build tree.
#pragma once

#include "base/result.hpp"

#include <string>

namespace bulkhead::lab {

// NAME beside /proc/self/exe, which is installed in lib/bulkhead, in ../../sbin or ../../bin of that, or in the build
// tree's folder `tree` ("lab", "daemon"). The error says where it was looked for.
Result<std::string> find_program(const std::string& name, const std::string& tree);

} // namespace bulkhead::lab
