#include "cli/console.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

constexpr char leave = 0x1d; // Ctrl-]

// Raw while it lives. SIGTERM and friends end the relay's loop, not the process, so that the destructor runs.
class RawTerminal {
public:
    explicit RawTerminal(int fd) : fd_(fd) {
        if (::tcgetattr(fd_, &before_) != 0) return; // not a terminal
        termios raw = before_;
        ::cfmakeraw(&raw);
        active_ = ::tcsetattr(fd_, TCSANOW, &raw) == 0;
    }
    ~RawTerminal() {
        if (active_) ::tcsetattr(fd_, TCSANOW, &before_);
    }
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

private:
    int fd_;
    termios before_{};
    bool active_ = false;
};

volatile std::sig_atomic_t interrupted = 0;

void on_signal(int) {
    interrupted = 1;
}

// Restores the handlers that it replaces.
class Signals {
public:
    Signals() {
        struct sigaction action {};
        action.sa_handler = on_signal;
        for (std::size_t i = 0; i < std::size(numbers); ++i) ::sigaction(numbers[i], &action, &before_[i]);
        interrupted = 0;
    }
    ~Signals() {
        for (std::size_t i = 0; i < std::size(numbers); ++i) ::sigaction(numbers[i], &before_[i], nullptr);
    }
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

private:
    static constexpr int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction before_[std::size(numbers)]{};
};

Result<Fd> take_lock(const std::string& path) {
    if (path.empty()) return Fd();
    Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) return fail_errno(path);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        return fail("another console is attached to this domain (" + path + ")", EBUSY);
    }
    return lock;
}

// As much as is there, at most one buffer. 0: the end.
ssize_t read_some(int fd, char* buffer, std::size_t size) {
    for (;;) {
        const ssize_t got = ::read(fd, buffer, size);
        if (got < 0 && errno == EINTR && interrupted == 0) continue;
        return got < 0 ? 0 : got; // EIO: the other side of the tty is gone
    }
}

} // namespace

Result<int> run_console(const ConsoleOptions& options) {
    const Fd lock = TRY(take_lock(options.lock));
    const Fd tty(::open(options.tty.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!tty) return fail_errno(options.tty);
    const RawTerminal guest(tty.get()); // else the line discipline would echo the guest's output back to it
    const bool terminal = ::isatty(options.input) == 1;
    const RawTerminal user(options.input);
    const Signals signals;
    if (options.attached) TRY(options.attached());
    bool input_ended = false;
    char buffer[4096];
    while (interrupted == 0) {
        pollfd fds[2] = {{tty.get(), POLLIN, 0}, {input_ended ? -1 : options.input, POLLIN, 0}};
        const int ready = ::poll(fds, 2, input_ended ? static_cast<int>(options.linger.count()) : -1);
        if (ready < 0 && errno != EINTR) return fail_errno("poll");
        if (ready == 0) return 0; // piped input is over and the guest is silent
        if (ready < 0) continue;
        if (fds[0].revents != 0) {
            const ssize_t got = read_some(tty.get(), buffer, sizeof buffer);
            if (got == 0) return 0; // the guest is gone
            TRY(context(write_all(options.output, std::string_view(buffer, static_cast<std::size_t>(got))), "output"));
        }
        if (fds[1].revents != 0) {
            const ssize_t got = read_some(options.input, buffer, sizeof buffer);
            if (got == 0) {
                if (terminal) return 0;
                input_ended = true;
                continue;
            }
            const auto* end = static_cast<const char*>(
                terminal ? std::memchr(buffer, leave, static_cast<std::size_t>(got)) : nullptr);
            const auto size = static_cast<std::size_t>(end != nullptr ? end - buffer : got);
            TRY(context(write_all(tty.get(), std::string_view(buffer, size)), options.tty));
            if (end != nullptr) {
                (void)write_all(options.output, "\r\n");
                return 0;
            }
        }
    }
    return 0;
}

} // namespace bulkhead::cli
