// LabState: what `lab up` writes down for the other verbs, and the identity of QEMU's process: a pid alone may belong
// to somebody else by now.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "lab/options.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::lab {

struct LabState {
    std::string name;
    int pid = 0;
    std::uint64_t start = 0; // of the process, in clock ticks since boot (/proc/PID/stat, field 22)
    std::string accelerator; // "tcg" or "kvm"
    std::string nic;
    std::string xenstored;
    unsigned memory = 0;      // MiB
    std::int64_t created = 0; // Unix time
    double seconds = 0;       // that `lab up` took; 0 while it is not ready yet
    bool ready = false;
};

std::string encode_state(const LabState& state);
Result<LabState> decode_state(std::string_view text);

// The start time of a process, or an error when there is none.
Result<std::uint64_t> process_start(int pid);
// Field 22 of a /proc/PID/stat line. Pure; the command name in it may contain anything.
Result<std::uint64_t> parse_process_start(std::string_view stat);

// A pidfd (readable when the process ends) of exactly the process that the state describes; an error when it is gone.
Result<Fd> open_process(const LabState& state);

} // namespace bulkhead::lab
