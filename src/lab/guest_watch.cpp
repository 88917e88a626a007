#include "lab/guest_watch.hpp"

#include "base/text.hpp"
#include "lab/log.hpp"
#include "lab/qemu.hpp"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace bulkhead::lab {

Result<GuestWatch> GuestWatch::open(const Lab& lab, std::string guest) {
    TRY(lab.check_running());
    const std::string path = lab.place().path(file::guests_log);
    Fd log(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    Fd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!log || !inotify || ::inotify_add_watch(inotify.get(), path.c_str(), IN_MODIFY) < 0) return fail_errno(path);
    Fd process = TRY(open_process(*lab.status().state));
    return GuestWatch(lab, std::move(guest), std::move(log), std::move(inotify), std::move(process));
}

void GuestWatch::read() {
    char buffer[64 * 1024];
    while (::read(inotify_.get(), buffer, sizeof buffer) > 0) {
    }
    ssize_t got = 0;
    while ((got = ::read(log_.get(), buffer, sizeof buffer)) > 0) {
        rest_.append(buffer, static_cast<std::size_t>(got));
        std::size_t end = 0;
        while ((end = rest_.find('\n')) != std::string::npos) {
            if (const auto line = guest_line(std::string_view(rest_).substr(0, end), guest_)) {
                lines_.emplace_back(*line);
            }
            rest_.erase(0, end + 1);
        }
    }
}

Result<std::string> GuestWatch::wait(const std::string& what, const std::function<bool(std::string_view)>& wanted,
                                     std::chrono::seconds deadline, const Interrupts& interrupts) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    const auto failure = [&](const std::string& reason) {
        std::string message = what + ": " + reason;
        if (!last_.empty()) message += "\n  last lines of " + guest_ + "'s console:";
        for (const std::string& line : last_) message += "\n    " + printable(line, 200);
        return fail(message);
    };
    for (;;) {
        read();
        while (!lines_.empty()) {
            std::string line = std::move(lines_.front());
            lines_.pop_front();
            last_.push_back(line);
            if (last_.size() > 10) last_.pop_front();
            if (wanted(line)) return line;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
        if (left <= 0) return failure("nothing within " + std::to_string(deadline.count()) + " s");
        pollfd fds[3] = {{inotify_.get(), POLLIN, 0}, {process_.get(), POLLIN, 0}, {interrupts.fd(), POLLIN, 0}};
        if (::poll(fds, 3, static_cast<int>(left)) < 0 && errno != EINTR) return fail_errno("poll");
        if ((fds[2].revents & POLLIN) != 0) return fail("interrupted", EINTR);
        if ((fds[1].revents & POLLIN) != 0) {
            TRY(lab_->check_running());
            return failure("the lab ended");
        }
    }
}

} // namespace bulkhead::lab
