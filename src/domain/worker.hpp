// Workers: every operation that can block runs in a child process of its own with a deadline, so that neither a stuck
// guest nor a fault inside libxl stops the daemon. The child may report progress, and must announce what it is about to
// do so that the daemon can write it down first.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "domain/event_loop.hpp"
#include "domain/frame.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace bulkhead::domain {

struct LabelledSet;

// The child's end.
class WorkerSide {
public:
    explicit WorkerSide(int fd, const LabelledSet* labelled = nullptr) : fd_(fd), labelled_(labelled) {}
    // Text for the person who waits.
    void progress(std::string_view text) const;
    // "I am going to do this": blocks until the daemon has written it down. An error means: do not do it.
    [[nodiscard]] Status intent(std::string_view what) const;
    // "May this be?" (security_question.hpp): blocks until the daemon has decided. An error says why not.
    [[nodiscard]] Result<std::string> ask(std::string_view question) const;
    // Labelled resources, as they were when this process was forked; none where the job has none.
    [[nodiscard]] const LabelledSet& labelled() const;

private:
    [[nodiscard]] Result<std::string> exchange(char type, std::string_view what) const;
    int fd_;
    const LabelledSet* labelled_;
};

struct Job {
    std::string name;                     // for messages
    std::chrono::milliseconds deadline{}; // zero: none; counted from its start
    // Takes its turn: only heavy_most() of these run at one time, the others wait in their order. Fifty creations side
    // by side would make each other miss libxl's own time limits. Not for a job that waits for another one.
    bool heavy = false;
    // Runs in the child. What it returns is what `done` gets.
    std::function<Result<std::string>(const WorkerSide&)> run;
    // Run in the daemon. `done` comes exactly once unless the job is cancelled. A child that crashed, or was stopped at
    // its deadline (Error::code ETIMEDOUT), is an error like any other; `died` says that the child could not clean up.
    std::function<void(const std::string&)> progress;
    std::function<Status(const std::string&)> intent;
    std::function<Result<std::string>(const std::string&)> ask; // none: everything is refused
    const LabelledSet* labelled = nullptr;                      // must outlive the job; the child has the daemon's copy
    std::function<void(Result<std::string>, bool died)> done;
};

class Workers {
public:
    using Id = std::uint64_t;

    // `in_child` runs first in every child, before anything else: it gives up what must not be shared.
    Workers(EventLoop& loop, std::function<void()> in_child);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    Result<Id> start(Job job);
    // Kills it; its `done` is not called.
    void cancel(Id id);
    // Kills it; its `done` is called as for a crash, with ECANCELED.
    void stop(Id id);
    [[nodiscard]] std::size_t running() const { return workers_.size() + waiting_.size(); }

    static constexpr std::size_t most = 128; // jobs at one time; more are refused
    static std::size_t heavy_most();         // twice as many as there are processors, four at least

private:
    struct Worker;
    struct Waiting {
        Id id = 0;
        Job job;
    };
    Status run(Id id, Job job);
    void next_heavy();
    void readable(Id id);
    bool serve(Id id, const Frame& frame);
    void ended(Id id, int status);
    void expired(Id id);
    EventLoop& loop_;
    std::function<void()> in_child_;
    std::map<Id, std::unique_ptr<Worker>> workers_;
    std::deque<Waiting> waiting_; // heavy ones
    Id next_ = 1;
};

} // namespace bulkhead::domain
