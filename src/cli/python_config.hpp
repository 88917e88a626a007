// Configuration files of xm that are programs: real Python, run only when asked for, in a child without rights.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::cli {

// Runs the file's text with `assignments` (NAME=VALUE, set before and again after it, as xm did) by python3 -I and
// returns the variables that it leaves as xl.cfg(5). The child has no privileges, no network, no byte that it
// may write to a file, 5 s and 256 MiB. Variables that are no number, text or list of these, and names that begin with
// _, are left out. Errors carry Python's own last line.
Result<std::string> run_python_config(std::string_view text, const std::string& source,
                                      const std::vector<std::string>& assignments);

} // namespace bulkhead::cli
