#include "domain/event_loop.hpp"

#include <csignal>
#include <sys/wait.h>
#include <systemd/sd-event.h>

namespace bulkhead::domain {

struct Source::Closure : std::enable_shared_from_this<Closure> {
    sd_event_source* source = nullptr;
    std::function<void(std::uint32_t)> ready;
    std::function<void()> due;
    std::function<void(int)> ended;
};

namespace {

Status check(int rc, const char* what) {
    if (rc < 0) return fail_errno(what, -rc);
    return {};
}

} // namespace

Source& Source::operator=(Source&& other) noexcept {
    if (this != &other) {
        reset();
        closure_ = std::move(other.closure_);
    }
    return *this;
}

void Source::reset() {
    if (!closure_) return;
    sd_event_source_disable_unref(closure_->source);
    closure_->source = nullptr;
    closure_.reset(); // a callback that is running holds a reference of its own
}

void Source::set_events(std::uint32_t events) const {
    if (closure_) sd_event_source_set_io_events(closure_->source, events);
}

void EventLoop::Unref::operator()(sd_event* event) const {
    sd_event_unref(event);
}

EventLoop::~EventLoop() = default;

Result<EventLoop> EventLoop::create() {
    sd_event* event = nullptr;
    TRY(check(sd_event_new(&event), "event loop"));
    return EventLoop(event);
}

Result<Source> EventLoop::watch(int fd, std::uint32_t events, std::function<void(std::uint32_t)> ready) {
    Source source;
    source.closure_ = std::make_shared<Source::Closure>();
    source.closure_->ready = std::move(ready);
    const auto call = [](sd_event_source*, int, std::uint32_t revents, void* data) {
        const auto alive = static_cast<Source::Closure*>(data)->shared_from_this();
        alive->ready(revents);
        return 0;
    };
    Status added = check(sd_event_add_io(handle(), &source.closure_->source, fd, events, call, source.closure_.get()),
                         "event loop: watch");
    if (!added) source.closure_.reset();
    TRY(added);
    return source;
}

Result<Source> EventLoop::after(std::chrono::milliseconds delay, std::function<void()> due) {
    Source source;
    source.closure_ = std::make_shared<Source::Closure>();
    source.closure_->due = std::move(due);
    const auto call = [](sd_event_source*, std::uint64_t, void* data) {
        const auto alive = static_cast<Source::Closure*>(data)->shared_from_this();
        alive->due();
        return 0;
    };
    const auto micro = static_cast<std::uint64_t>(std::chrono::microseconds(delay).count());
    Status added = check(sd_event_add_time_relative(handle(), &source.closure_->source, CLOCK_MONOTONIC, micro, 0, call,
                                                    source.closure_.get()),
                         "event loop: timer");
    if (!added) source.closure_.reset();
    TRY(added);
    return source;
}

Result<Source> EventLoop::child(pid_t pid, std::function<void(int)> ended) {
    Source source;
    source.closure_ = std::make_shared<Source::Closure>();
    source.closure_->ended = std::move(ended);
    const auto call = [](sd_event_source*, const siginfo_t* info, void* data) {
        const auto alive = static_cast<Source::Closure*>(data)->shared_from_this();
        // Back to the form that waitpid(2) and its macros use.
        alive->ended(info->si_code == CLD_EXITED ? W_EXITCODE(info->si_status, 0) : W_EXITCODE(0, info->si_status));
        return 0;
    };
    Status added =
        check(sd_event_add_child(handle(), &source.closure_->source, pid, WEXITED, call, source.closure_.get()),
              "event loop: child");
    if (!added) source.closure_.reset();
    TRY(added);
    return source;
}

Result<Source> EventLoop::signal(int number, std::function<void()> came) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return fail_errno("sigprocmask");
    Source source;
    source.closure_ = std::make_shared<Source::Closure>();
    source.closure_->due = std::move(came);
    const auto call = [](sd_event_source*, const signalfd_siginfo*, void* data) {
        const auto alive = static_cast<Source::Closure*>(data)->shared_from_this();
        alive->due();
        return 0;
    };
    Status added = check(sd_event_add_signal(handle(), &source.closure_->source, number, call, source.closure_.get()),
                         "event loop: signal");
    if (!added) source.closure_.reset();
    TRY(added);
    return source;
}

Result<int> EventLoop::run() {
    const int status = sd_event_loop(handle());
    if (status < 0) return fail_errno("event loop", -status);
    return status;
}

void EventLoop::stop(int status) {
    sd_event_exit(handle(), status);
}

Status EventLoop::run_once(std::chrono::milliseconds wait) {
    return check(sd_event_run(handle(), static_cast<std::uint64_t>(std::chrono::microseconds(wait).count())),
                 "event loop");
}

} // namespace bulkhead::domain
