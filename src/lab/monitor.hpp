// Monitor: QEMU's machine protocol (QMP) on the lab's socket, as much of it as a lab needs.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "lab/place.hpp"

#include <chrono>
#include <string>

namespace bulkhead::lab {

class Monitor {
public:
    // Connects and leaves the negotiation mode. QEMU serves one client at a time: another one's end is waited for.
    static Result<Monitor> open(const Place& place, std::chrono::milliseconds deadline);

    // Runs a command without arguments; the value is its "return" as JSON text.
    Result<std::string> execute(const std::string& command);

private:
    Monitor(Fd socket, std::chrono::steady_clock::time_point end) : socket_(std::move(socket)), end_(end) {}
    Result<std::string> line();

    Fd socket_;
    std::chrono::steady_clock::time_point end_;
    std::string buffer_;
};

} // namespace bulkhead::lab
