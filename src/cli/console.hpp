// A terminal on a guest's console: bytes to and from its tty until Ctrl-], the guest's end or the end of piped input.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace bulkhead::cli {

struct ConsoleOptions {
    std::string tty;
    std::string lock; // refused while another console holds it; empty: none
    int input = 0, output = 1;
    std::function<Status()> attached;       // called once, when nothing of the guest's output can be missed any more
    std::chrono::milliseconds linger{2000}; // after the end of piped input: this long without output ends it
};

// The user's terminal is raw meanwhile and restored whatever happens. 0: left or over.
Result<int> run_console(const ConsoleOptions& options);

} // namespace bulkhead::cli
