// The host's part of completion: asks the daemon, sysfs and the lab's folder, quickly and without a word.
#pragma once

#include "cli/completion.hpp"

namespace bulkhead::cli {

// The hidden verb `__complete LINE`: prints what may stand at the end of LINE, one candidate a line. A first line
// ":files" or ":folders" asks the shell to add names of files. Ends after a second, whatever the daemon does. Returns
// the exit status, which is 0.
int print_completions(std::string_view line);

} // namespace bulkhead::cli
