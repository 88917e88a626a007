#include "lab/session.hpp"

#include "base/loop.hpp"
#include "lab/options.hpp"
#include "lab/qemu.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <random>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t chunk = 64 * 1024;
constexpr std::size_t pending_limit = 256 * 1024; // bytes for dom0 above which our stdin waits

// One session from hello to exit.
class Relay {
public:
    Relay(Port port, const SessionStreams& streams) : port_(std::move(port)), streams_(streams) {
        std::random_device random;
        session_ = random();
        decoder_ = FrameDecoder(session_);
    }
    ~Relay() {
        if (signals_) ::sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
    }
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    Result<int> run(const ExecRequest& request, std::chrono::milliseconds deadline);

private:
    void send(FrameType type, std::string_view payload = {}) {
        pending_ += encode_frame(type, session_, payload);
        flush();
    }
    void hello();
    void flush();
    void port_ready();
    void handle(const Frame& frame);
    void read_input();
    Status take_signals();
    void signal_arrived();
    void end(Result<int> result) {
        if (!result_) result_ = std::move(result);
        loop_.stop();
    }

    Loop loop_;
    Port port_;
    const SessionStreams& streams_;
    std::uint32_t session_ = 0;
    FrameDecoder decoder_;
    std::string request_;
    bool started_ = false;
    bool input_done_ = false;
    unsigned hellos_ = 0;
    unsigned hello_timer_ = 0;
    std::string pending_;
    Fd signals_;
    sigset_t old_mask_{};
    bool interrupted_ = false;
    std::optional<Result<int>> result_;
};

void Relay::hello() {
    // A client that died may have left half a frame, of which lab-init still awaits the rest: bytes that belong to no
    // frame complete it (and are skipped if nothing was missing).
    if (hellos_++ > 0) pending_.append(frame_payload_limit + frame_header_size, '\0');
    send(FrameType::hello);
    hello_timer_ = loop_.after(2s, [this] { hello(); });
}

void Relay::flush() {
    while (!pending_.empty()) {
        const ssize_t put = ::send(port_.socket.get(), pending_.data(), pending_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) break; // an error shows when reading
        pending_.erase(0, static_cast<std::size_t>(put));
    }
    const short events = static_cast<short>(POLLIN | (pending_.empty() ? 0 : POLLOUT));
    loop_.watch(port_.socket.get(), events, [this](short revents) {
        if ((revents & POLLOUT) != 0) flush();
        if ((revents & ~POLLOUT) != 0) port_ready();
    });
    if (!started_ || streams_.input < 0 || input_done_) return;
    if (pending_.size() < pending_limit) {
        loop_.watch(streams_.input, POLLIN, [this](short) { read_input(); });
    } else {
        loop_.unwatch(streams_.input);
    }
}

void Relay::port_ready() {
    char buffer[chunk];
    const ssize_t got = ::recv(port_.socket.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got <= 0) return end(fail("the lab ended while the command was running", ECONNRESET));
    decoder_.feed({buffer, static_cast<std::size_t>(got)});
    while (const auto frame = decoder_.next()) handle(*frame);
}

void Relay::handle(const Frame& frame) {
    switch (frame.type) {
    case FrameType::hello:
        if (started_) return;
        started_ = true;
        loop_.cancel(hello_timer_);
        send(FrameType::request, request_);
        if (streams_.input < 0) {
            for (std::string_view rest = streams_.text; !rest.empty();
                 rest.remove_prefix(std::min(chunk, rest.size()))) {
                send(FrameType::input, rest.substr(0, chunk));
            }
            send(FrameType::input_end);
        }
        return;
    case FrameType::output:
    case FrameType::error: {
        const auto& sink = frame.type == FrameType::output ? streams_.output : streams_.error;
        if (!sink) return;
        if (Status done = sink(frame.payload); !done) end(tl::unexpected(std::move(done).error()));
        return;
    }
    case FrameType::exit:
        if (const auto status = decode_number(frame.payload)) {
            end(static_cast<int>(*status & 0xff));
        } else {
            end(tl::unexpected(status.error()));
        }
        return;
    case FrameType::refused:
        return end(fail(frame.payload, ENOENT));
    default:
        return;
    }
}

void Relay::read_input() {
    char buffer[chunk];
    const ssize_t got = ::read(streams_.input, buffer, sizeof buffer);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got <= 0) { // a read error counts as the end: the program decides what that means
        input_done_ = true;
        loop_.unwatch(streams_.input);
        send(FrameType::input_end);
        return;
    }
    std::string_view bytes(buffer, static_cast<std::size_t>(got));
    if (streams_.leave != 0) {
        const std::size_t at = bytes.find(streams_.leave);
        if (at != std::string_view::npos) return end(0);
    }
    send(FrameType::input, bytes);
}

Status Relay::take_signals() {
    sigset_t set;
    sigemptyset(&set);
    if (streams_.forward_signals || streams_.stop_on_signals) {
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
    }
    if (streams_.terminal >= 0) sigaddset(&set, SIGWINCH);
    if (::sigprocmask(SIG_BLOCK, &set, &old_mask_) != 0) return fail_errno("sigprocmask");
    if (streams_.forward_signals) std::signal(SIGINT, SIG_DFL); // an ignored signal never reaches a signalfd
    signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return fail_errno("signalfd");
    loop_.watch(signals_.get(), POLLIN, [this](short) { signal_arrived(); });
    return {};
}

void Relay::signal_arrived() {
    if (streams_.stop_on_signals) return end(fail("interrupted", EINTR)); // left for whoever holds signals back
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return;
    if (info.ssi_signo == SIGWINCH) {
        winsize size{};
        if (::ioctl(streams_.terminal, TIOCGWINSZ, &size) == 0) {
            send(FrameType::resize, encode_size(size.ws_row, size.ws_col));
        }
        return;
    }
    // Before the start, or when asked twice, we go; the port's closing kills the program.
    if (!started_ || interrupted_) return end(128 + static_cast<int>(info.ssi_signo));
    interrupted_ = true;
    send(FrameType::signal, encode_number(info.ssi_signo));
}

Result<int> Relay::run(const ExecRequest& request, std::chrono::milliseconds deadline) {
    request_ = TRY(encode_request(request));
    TRY(take_signals());
    if (deadline != std::chrono::milliseconds::max()) {
        loop_.after(deadline, [this, deadline, program = request.arguments[0]] {
            end(fail(program + " in dom0: not finished within " + std::to_string(deadline.count() / 1000) + " s",
                     ETIMEDOUT));
        });
    }
    loop_.after(30s, [this] {
        if (!started_) end(fail("dom0 does not answer; see `bulkhead lab log`", ETIMEDOUT));
    });
    hello();
    TRY(loop_.run());
    return std::move(*result_);
}

} // namespace

Result<Port> take_port(const Place& place) {
    for (unsigned i = 0; i < exec_ports; ++i) {
        Port port;
        const std::string lock = place.path("exec-" + std::to_string(i) + ".lock");
        port.lock = Fd(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        if (!port.lock) return fail_errno(lock);
        if (::flock(port.lock.get(), LOCK_EX | LOCK_NB) != 0) continue;
        port.socket = TRY(place.connect(exec_socket(i)));
        return port;
    }
    return fail("all " + std::to_string(exec_ports) + " command channels of lab '" + place.name() +
                    "' are in use: wait until one of its `lab exec` commands ends",
                EBUSY);
}

Result<int> run_session(Port port, const ExecRequest& request, const SessionStreams& streams,
                        std::chrono::milliseconds deadline) {
    Relay relay(std::move(port), streams);
    return relay.run(request, deadline);
}

} // namespace bulkhead::lab
