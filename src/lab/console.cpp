#include "lab/console.hpp"

#include "base/file.hpp"
#include "base/loop.hpp"
#include "lab/qemu.hpp"
#include "lab/terminal.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

using namespace std::chrono_literals;

constexpr auto quiet = 2s;

// dom0's console: bytes both ways between our streams and QEMU's socket.
class Dom0Console {
public:
    explicit Dom0Console(Fd socket) : socket_(std::move(socket)) {}
    Result<int> run();

private:
    void from_socket();
    void from_input();
    void rest_quietly() {
        loop_.cancel(quiet_timer_);
        quiet_timer_ = loop_.after(quiet, [this] { loop_.stop(); });
    }

    Loop loop_;
    Fd socket_;
    bool input_ended_ = false;
    unsigned quiet_timer_ = 0;
    Status failure_;
};

void Dom0Console::from_socket() {
    char buffer[16 * 1024];
    const ssize_t got = ::read(socket_.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) {
        failure_ = fail("the machine ended");
        return loop_.stop();
    }
    failure_ = write_all(STDOUT_FILENO, {buffer, static_cast<std::size_t>(got)});
    if (!failure_) return loop_.stop();
    if (input_ended_) rest_quietly();
}

void Dom0Console::from_input() {
    // The UART takes a few bytes at a time; what is written faster waits in the socket.
    char buffer[1024];
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) {
        input_ended_ = true;
        loop_.unwatch(STDIN_FILENO);
        return rest_quietly();
    }
    const std::string_view bytes(buffer, static_cast<std::size_t>(got));
    const std::size_t leave = bytes.find(console_leave);
    failure_ = write_all(socket_.get(), bytes.substr(0, leave));
    if (!failure_ || leave != std::string_view::npos) loop_.stop();
}

Result<int> Dom0Console::run() {
    // The terminal must be put back in order: signals end the loop instead of the process.
    sigset_t set, old;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
    if (::sigprocmask(SIG_BLOCK, &set, &old) != 0) return fail_errno("sigprocmask");
    const Fd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    loop_.watch(signals.get(), POLLIN, [this](short) { loop_.stop(); });
    loop_.watch(socket_.get(), POLLIN, [this](short) { from_socket(); });
    loop_.watch(STDIN_FILENO, POLLIN, [this](short) { from_input(); });
    Status done;
    {
        const RawTerminal raw(STDIN_FILENO);
        done = loop_.run();
    }
    ::sigprocmask(SIG_SETMASK, &old, nullptr);
    TRY(std::move(done));
    TRY(std::move(failure_));
    return 0;
}

Result<int> guest_console(const Lab& lab, const std::string& domain) {
    TRY(lab.check_running());
    const bool terminal = ::isatty(STDIN_FILENO) == 1;
    ExecRequest request;
    request.terminal = true; // xenconsole wants one
    winsize size{};
    if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0) {
        request.rows = size.ws_row;
        request.columns = size.ws_col;
    }
    std::string id = domain;
    if (id.find_first_not_of("0123456789") != std::string::npos) {
        const Output found = TRY(lab.run({"xl", "domid", domain}, 30s));
        if (found.status != 0) {
            return fail("there is no domain '" + domain + "' in lab '" + lab.place().name() +
                        "'; `bulkhead lab exec -- xl list` shows them");
        }
        id = found.out.substr(0, found.out.find('\n'));
    }
    request.arguments = {"xenconsole", id};
    SessionStreams streams;
    streams.input = STDIN_FILENO;
    streams.output = [](std::string_view bytes) { return write_all(STDOUT_FILENO, bytes); };
    streams.error = [](std::string_view bytes) { return write_all(STDERR_FILENO, bytes); };
    streams.forward_signals = true;
    streams.terminal = terminal ? STDIN_FILENO : -1;
    streams.leave = console_leave;
    const RawTerminal raw(STDIN_FILENO);
    return lab.session(request, streams);
}

} // namespace

Result<int> attach_console(const Lab& lab, const std::string& domain) {
    if (!domain.empty() && domain != "0" && domain != "Domain-0") return guest_console(lab, domain);
    TRY(lab.check_running());
    const std::string lock_path = lab.place().path("console.lock");
    const Fd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) return fail_errno(lock_path);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        return fail(
            "dom0's console is already open in another `bulkhead lab console`; `bulkhead lab log -f` only reads");
    }
    Dom0Console console(TRY(lab.place().connect(file::console_socket)));
    return console.run();
}

} // namespace bulkhead::lab
