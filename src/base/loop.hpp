// Loop: a single-threaded event loop on poll(2) for programs that cannot link libsystemd (static ones) or need only a
// few descriptors. The daemon uses sd-event instead.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <functional>
#include <map>

namespace bulkhead {

class Loop {
public:
    using Clock = std::chrono::steady_clock;
    using Ready = std::function<void(short revents)>; // poll(2) bits

    // One watch per descriptor; a second call replaces the first. The caller keeps the fd open until unwatch().
    void watch(int fd, short events, Ready ready);
    void unwatch(int fd);

    // Calls `due` once at `when`. Returns a handle for cancel().
    unsigned at(Clock::time_point when, std::function<void()> due);
    unsigned after(Clock::duration delay, std::function<void()> due) {
        return at(Clock::now() + delay, std::move(due));
    }
    void cancel(unsigned timer);

    // Waits at most `wait` for one round of events and serves it; Clock::duration::max() waits for ever.
    Status run_once(Clock::duration wait = Clock::duration::max());
    // Serves events until stop().
    Status run();
    void stop() { running_ = false; }

private:
    struct Watch {
        short events;
        Ready ready;
    };
    struct Timer {
        unsigned handle;
        std::function<void()> due;
    };
    std::map<int, Watch> watches_;
    std::multimap<Clock::time_point, Timer> timers_;
    unsigned next_handle_ = 1;
    bool running_ = false;
};

} // namespace bulkhead
