// `lab console`: a terminal on dom0's console (through QEMU's socket) or a guest's (xenconsole in dom0).
#pragma once

#include "base/result.hpp"
#include "lab/lab.hpp"

#include <string>

namespace bulkhead::lab {

constexpr char console_leave = 0x1d; // Ctrl-]

// Connects stdin and stdout until Ctrl-], until the machine ends, or, when stdin is no terminal, until dom0 has been
// quiet for two seconds after the end of stdin. `domain` empty: dom0.
Result<int> attach_console(const Lab& lab, const std::string& domain);

} // namespace bulkhead::lab
