// Lab: a running machine: is it alive, why is it not, put an end to it.
#pragma once

#include "base/process.hpp"
#include "base/result.hpp"
#include "lab/diagnose.hpp"
#include "lab/place.hpp"
#include "lab/session.hpp"
#include "lab/state.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::lab {

enum class Life { absent, starting, running, dead };

struct LabStatus {
    Life life = Life::absent;
    std::optional<LabState> state; // when it could be read
    std::string reason;            // of a dead one
};

class Lab {
public:
    static Result<Lab> of(const std::string& name) { return Lab(TRY(Place::of(name))); }

    [[nodiscard]] const Place& place() const { return place_; }
    [[nodiscard]] LabStatus status() const;
    // An error that says what to do when it is not running; otherwise nothing.
    [[nodiscard]] Status check_running() const;

    // Whether run() and run_checked() end with EINTR when a signal comes (see SessionStreams::stop_on_signals).
    void set_interruptible(bool interruptible) { interruptible_ = interruptible; }

    // Runs a command in dom0 to its end; at most `limit` bytes of each stream.
    Result<Output> run(const std::vector<std::string>& arguments, std::chrono::milliseconds deadline,
                       std::string_view input = {}, std::size_t limit = 16 << 20) const;
    // As run(), but a non-zero exit status is an error with the end of stderr.
    Result<std::string> run_checked(const std::vector<std::string>& arguments, std::chrono::milliseconds deadline,
                                    std::string_view input = {}) const;
    // run_session() on a free port, with the lab's own death explained.
    Result<int> session(const ExecRequest& request, const SessionStreams& streams,
                        std::chrono::milliseconds deadline = std::chrono::milliseconds::max()) const;

    // Ends QEMU and removes the folder. `clean`: dom0 powers off first (at most 30 s). No error when there is no lab.
    Status down(bool clean) const;

    // The ends of its logs.
    [[nodiscard]] LogTexts logs() const;

private:
    explicit Lab(Place place) : place_(std::move(place)) {}
    Place place_;
    bool interruptible_ = false;
};

// Waits until a pidfd's process has ended; false at the deadline.
bool wait_for_end(int process, std::chrono::milliseconds deadline);

// At most the last `limit` bytes of a file; "" when it cannot be read.
std::string read_tail(const std::string& path, std::size_t limit);

} // namespace bulkhead::lab
