// EventLoop: sd-event with C++ callbacks. One thread; a callback may destroy its own source.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <sys/types.h>

struct sd_event;

namespace bulkhead::domain {

// Something the loop watches. Destroying it ends the watch.
class Source {
public:
    Source() = default;
    Source(Source&& other) noexcept = default;
    Source& operator=(Source&& other) noexcept;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    ~Source() { reset(); }

    void reset();
    explicit operator bool() const { return closure_ != nullptr; }
    // Of a descriptor: what to wait for, EPOLLIN and friends.
    void set_events(std::uint32_t events) const;

private:
    friend class EventLoop;
    struct Closure;
    std::shared_ptr<Closure> closure_;
};

class EventLoop {
public:
    static Result<EventLoop> create();
    EventLoop(EventLoop&&) noexcept = default;
    EventLoop& operator=(EventLoop&&) noexcept = default;
    ~EventLoop();

    [[nodiscard]] sd_event* handle() const { return event_.get(); }

    // `ready` gets epoll(7) bits. The caller keeps the descriptor open until the source is gone.
    Result<Source> watch(int fd, std::uint32_t events, std::function<void(std::uint32_t)> ready);
    Result<Source> after(std::chrono::milliseconds delay, std::function<void()> due); // once
    // Once, when the child has ended; it reaps it. `ended` gets the status of waitpid(2).
    Result<Source> child(pid_t pid, std::function<void(int)> ended);
    // Blocks the signal and turns it into calls.
    Result<Source> signal(int number, std::function<void()> came);

    // Serves events until stop(); the value given there.
    Result<int> run();
    void stop(int status);
    // One round, waiting at most `wait`.
    Status run_once(std::chrono::milliseconds wait);

private:
    struct Unref {
        void operator()(sd_event* event) const;
    };
    explicit EventLoop(sd_event* event) : event_(event) {}
    std::unique_ptr<sd_event, Unref> event_;
};

} // namespace bulkhead::domain
