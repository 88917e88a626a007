// Session: runs a program in a lab's dom0 over one of its virtio-serial ports.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "lab/frame.hpp"
#include "lab/place.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace bulkhead::lab {

// A connected port that nobody else uses for as long as this lives.
struct Port {
    Fd lock, socket;
};
// The first free one. An error when all are taken, or when the lab is not up, with the reason.
Result<Port> take_port(const Place& place);

struct SessionStreams {
    int input = -1;        // read to its end and passed on; -1: the program gets an empty stdin
    std::string_view text; // when input is -1: stdin's content
    std::function<Status(std::string_view)> output; // both may block; an error ends the session
    std::function<Status(std::string_view)> error;
    bool forward_signals = false; // SIGINT, SIGTERM, SIGHUP go to the program; a second SIGINT ends the session
    bool stop_on_signals = false; // SIGINT, SIGTERM, SIGHUP end the session with EINTR and are left pending
    int terminal = -1;            // its size changes are passed on
    char leave = 0;               // this byte in the input ends the session with status 0; 0: none
};

// The program's exit status. An error: it could not be started (code ENOENT …), the lab died, the deadline passed.
Result<int> run_session(Port port, const ExecRequest& request, const SessionStreams& streams,
                        std::chrono::milliseconds deadline = std::chrono::milliseconds::max());

} // namespace bulkhead::lab
