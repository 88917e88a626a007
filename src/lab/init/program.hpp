// Starting a program for a host client: in a session of its own, with pipes or a pseudo terminal.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "lab/frame.hpp"

#include <sys/types.h>

namespace bulkhead::lab {

struct Program {
    pid_t pid = -1;          // leader of its session and process group
    Fd input, output, error; // our ends, non-blocking; with a terminal `error` is empty
};

// A program that cannot be run is an error here.
Result<Program> start_program(const ExecRequest& request);

} // namespace bulkhead::lab
