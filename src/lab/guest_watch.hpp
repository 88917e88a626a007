// GuestWatch: waits for lines on a guest's console, by inotify on the lab's guests.log.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "lab/interrupts.hpp"
#include "lab/lab.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

namespace bulkhead::lab {

class GuestWatch {
public:
    // From the log's beginning.
    static Result<GuestWatch> open(const Lab& lab, std::string guest);

    // The next line for which `wanted` is true; lines before it are passed over. The error at the deadline, or when the
    // lab dies, ends with the guest's last lines; EINTR when `interrupts` saw a signal.
    Result<std::string> wait(const std::string& what, const std::function<bool(std::string_view)>& wanted,
                             std::chrono::seconds deadline, const Interrupts& interrupts);

private:
    GuestWatch(const Lab& lab, std::string guest, Fd log, Fd inotify, Fd process)
        : lab_(&lab), guest_(std::move(guest)), log_(std::move(log)), inotify_(std::move(inotify)),
          process_(std::move(process)) {}
    void read();

    const Lab* lab_;
    std::string guest_;
    Fd log_, inotify_, process_;
    std::string rest_;
    std::deque<std::string> lines_; // not looked at yet
    std::deque<std::string> last_;  // for messages
};

} // namespace bulkhead::lab
