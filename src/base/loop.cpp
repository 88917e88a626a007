#include "base/loop.hpp"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <vector>

namespace bulkhead {

void Loop::watch(int fd, short events, Ready ready) {
    watches_.insert_or_assign(fd, Watch{events, std::move(ready)});
}

void Loop::unwatch(int fd) {
    watches_.erase(fd);
}

unsigned Loop::at(Clock::time_point when, std::function<void()> due) {
    timers_.emplace(when, Timer{next_handle_, std::move(due)});
    return next_handle_++;
}

void Loop::cancel(unsigned timer) {
    std::erase_if(timers_, [timer](const auto& entry) { return entry.second.handle == timer; });
}

Status Loop::run_once(Clock::duration wait) {
    std::vector<pollfd> fds;
    for (const auto& [fd, watch] : watches_) fds.push_back({fd, watch.events, 0});
    int timeout = -1;
    if (!timers_.empty()) wait = std::min(wait, timers_.begin()->first - Clock::now());
    if (wait != Clock::duration::max()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
        timeout = static_cast<int>(std::clamp<long>(left, 0, 3600'000));
    }
    if (::poll(fds.data(), fds.size(), timeout) < 0) {
        if (errno == EINTR) return {};
        return fail_errno("poll");
    }
    for (const pollfd& fd : fds) {
        if (fd.revents == 0) continue;
        const auto watch = watches_.find(fd.fd);
        if (watch == watches_.end()) continue;   // a callback of this round unwatched it
        const Ready ready = watch->second.ready; // a copy: the callback may unwatch itself
        ready(fd.revents);
    }
    const auto now = Clock::now();
    while (!timers_.empty() && timers_.begin()->first <= now) {
        const auto due = std::move(timers_.begin()->second.due);
        timers_.erase(timers_.begin());
        due();
    }
    return {};
}

Status Loop::run() {
    running_ = true;
    while (running_) TRY(run_once());
    return {};
}

} // namespace bulkhead
