// Children: tells who cares when a child process ends, and reaps everything else too, as the first process must.
#pragma once

#include "base/fd.hpp"
#include "base/loop.hpp"
#include "base/result.hpp"

#include <functional>
#include <map>
#include <sys/types.h>

namespace bulkhead::lab {

class Children {
public:
    // Exit status as in a shell: 128+N for signal N. Called before the child is reaped, so that its pid and process
    // group still belong to it.
    using Ended = std::function<void(int status)>;

    explicit Children(Loop& loop) : loop_(loop) {}
    Children(const Children&) = delete;
    Children& operator=(const Children&) = delete;

    // Blocks SIGCHLD in this process and takes it from the loop instead.
    Status start();

    void watch(pid_t pid, Ended ended) { watched_[pid] = std::move(ended); }
    void forget(pid_t pid) { watched_.erase(pid); }

private:
    void reap();

    Loop& loop_;
    Fd signals_;
    std::map<pid_t, Ended> watched_;
};

} // namespace bulkhead::lab
