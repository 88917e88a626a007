#include "lab/lab.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "lab/monitor.hpp"
#include "lab/qemu.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t tail_size = 64 * 1024;

} // namespace

std::string read_tail(const std::string& path, std::size_t limit) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return {};
    const off_t size = ::lseek(file.get(), 0, SEEK_END);
    const off_t from = std::max<off_t>(0, size - static_cast<off_t>(limit));
    std::string text(static_cast<std::size_t>(std::max<off_t>(0, size - from)), '\0');
    const ssize_t got = ::pread(file.get(), text.data(), text.size(), from);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

bool wait_for_end(int process, std::chrono::milliseconds deadline) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
        pollfd fd{process, POLLIN, 0};
        const int ready = ::poll(&fd, 1, static_cast<int>(std::max<long>(0, left)));
        if (ready > 0) return true;
        if (left <= 0) return false;
    }
}

LogTexts Lab::logs() const {
    return {read_tail(place_.path(file::console_log), tail_size), read_tail(place_.path(file::guests_log), tail_size),
            read_tail(place_.path(file::qemu_log), tail_size)};
}

LabStatus Lab::status() const {
    LabStatus status;
    if (!place_.there()) return status;
    const auto text = read_file(place_.path(file::state), 64 * 1024);
    if (!text) {
        // `lab up` holds the folder's lock until it is done.
        const auto lock = place_.lock();
        status.life = !lock && lock.error().code == EWOULDBLOCK ? Life::starting : Life::dead;
        if (status.life == Life::dead) status.reason = "`bulkhead lab up` did not get as far as starting QEMU";
        return status;
    }
    auto state = decode_state(*text);
    if (!state) {
        status.life = Life::dead;
        status.reason = state.error().message;
        return status;
    }
    status.state = *state;
    if (open_process(*state)) {
        status.life = state->ready ? Life::running : Life::starting;
    } else {
        status.life = Life::dead;
        status.reason = explain_death(logs());
    }
    return status;
}

Status Lab::check_running() const {
    const LabStatus now = status();
    const std::string& name = place_.name();
    const std::string option = name == "default" ? "" : " --name " + name;
    switch (now.life) {
    case Life::running:
        return {};
    case Life::absent:
        return fail("lab '" + name + "' is not up: start it with `bulkhead lab up" + option + "`");
    case Life::starting:
        return fail("lab '" + name + "' is not ready yet: wait for its `bulkhead lab up`");
    case Life::dead:
        break;
    }
    return fail("lab '" + name + "' is dead: " + now.reason + "\n  `bulkhead lab down" + option + "` cleans it up");
}

Result<int> Lab::session(const ExecRequest& request, const SessionStreams& streams,
                         std::chrono::milliseconds deadline) const {
    TRY(check_running());
    Result<int> status = run_session(TRY(take_port(place_)), request, streams, deadline);
    if (!status && status.error().code == ECONNRESET) {
        // QEMU may be about to end: its reason is the better message.
        const LabStatus before = this->status();
        if (before.state) {
            if (const auto process = open_process(*before.state)) (void)wait_for_end(process->get(), 8s);
        }
        TRY(check_running());
    }
    return status;
}

Result<Output> Lab::run(const std::vector<std::string>& arguments, std::chrono::milliseconds deadline,
                        std::string_view input, std::size_t limit) const {
    Output output;
    const auto keep = [limit, &arguments](std::string& sink) {
        return [limit, &arguments, &sink](std::string_view bytes) -> Status {
            if (sink.size() + bytes.size() > limit) {
                return fail(arguments[0] + " in dom0 wrote more than " + std::to_string(limit) + " bytes");
            }
            sink.append(bytes);
            return {};
        };
    };
    SessionStreams streams;
    streams.text = input;
    streams.stop_on_signals = interruptible_;
    streams.output = keep(output.out);
    streams.error = keep(output.err);
    ExecRequest request;
    request.arguments = arguments;
    output.status = TRY(session(request, streams, deadline));
    return output;
}

Result<std::string> Lab::run_checked(const std::vector<std::string>& arguments, std::chrono::milliseconds deadline,
                                     std::string_view input) const {
    Output output = TRY(run(arguments, deadline, input));
    if (output.status == 0) return std::move(output.out);
    std::string_view last = trim(output.err);
    if (last.size() > 800) last.remove_prefix(last.size() - 800);
    return fail("in dom0: " + join(arguments, " ") + ": exit status " + std::to_string(output.status) +
                (last.empty() ? "" : "\n" + std::string(last)));
}

Status Lab::down(bool clean) const {
    if (!place_.there()) return {};
    const LabStatus now = status();
    if (now.life == Life::starting && !now.state) {
        return fail("lab '" + place_.name() + "' is just being started by another process: interrupt that one");
    }
    if (now.state) {
        if (const auto process = open_process(*now.state)) {
            if (clean && now.life == Life::running) {
                // The answer may get lost with the machine: only QEMU's end counts.
                (void)run({"busybox", "poweroff"}, 10s);
                (void)wait_for_end(process->get(), 30s);
            }
            if (!wait_for_end(process->get(), 0ms)) {
                if (auto monitor = Monitor::open(place_, 2s)) (void)monitor->execute("quit");
            }
            if (!wait_for_end(process->get(), 5s)) {
                ::syscall(SYS_pidfd_send_signal, process->get(), SIGKILL, nullptr, 0);
                if (!wait_for_end(process->get(), 10s)) {
                    return fail("QEMU (process " + std::to_string(now.state->pid) +
                                ") does not end; is it in the middle of a disk access?");
                }
            }
        }
    }
    return place_.remove();
}

} // namespace bulkhead::lab
