// `lab up`: from nothing to a dom0 that takes commands.
#pragma once

#include "base/result.hpp"
#include "lab/options.hpp"
#include "lab/state.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::lab {

struct BootReport {
    LabState state;
    std::vector<std::pair<std::string, double>> stages; // name and the seconds since the start when it was reached
    std::vector<std::string> warnings;                  // dom0 came up, but
};

struct BootOptions {
    std::chrono::seconds deadline{180}; // for the machine, from QEMU's start to readiness
    bool keep_logs = false;             // a failed start leaves its logs in a folder that the error names
    std::function<void(const std::string& stage, double seconds)> progress; // whenever a stage is reached
};

// On any error, and when SIGINT, SIGTERM or SIGHUP arrives, nothing is left behind.
Result<BootReport> boot_lab(const LabOptions& options, const BootOptions& boot);

} // namespace bulkhead::lab
