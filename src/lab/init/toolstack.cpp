#include "lab/init/toolstack.hpp"

#include "base/file.hpp"
#include "base/process.hpp"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

constexpr const char* tools = "/usr/lib/xen-4.17/bin/";
constexpr const char* daemon_program = "/usr/sbin/bulkheadd";
constexpr const char* daemon_socket = "/run/bulkhead/bulkheadd.sock";
constexpr unsigned daemon_restarts = 20; // tests kill it

// oxenstored reads its file from top to bottom: the last value holds.
Status refuse_transactions() {
    constexpr const char* file = "/etc/xen/oxenstored.conf";
    return write_file_atomic(file, TRY(read_file(file, 1 << 20)) + "\ntest-eagain = true\n");
}

bool accepts(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return false;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return socket && ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

} // namespace

Result<pid_t> Toolstack::launch(const std::vector<std::string>& arguments, const std::string& log) {
    const Fd file(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!file) return fail_errno(log);
    SpawnOptions options;
    options.stdout_fd = file.get();
    options.stderr_fd = file.get();
    options.new_session = true;
    Child child = TRY(spawn(arguments, options));
    return child.release(); // Children reaps it
}

void Toolstack::start(const std::string& xenstored) {
    std::vector<std::string> arguments;
    if (xenstored == "c") {
        arguments = {std::string(tools) + "xenstored", "-N", "--pid-file=/run/xen/xenstored.pid"};
    } else {
        arguments = {std::string(tools) + "oxenstored", "--no-fork"};
        if (xenstored == "ocaml-eagain") {
            if (const Status told = refuse_transactions(); !told) return events_.failed(told.error().message);
        }
    }
    const auto store = launch(arguments, "/var/log/xen/xenstored.log");
    if (!store) return events_.failed(store.error().message);
    children_.watch(*store,
                    [this](int status) { events_.failed("xenstored ended with status " + std::to_string(status)); });
    wait_for_socket(
        "/run/xenstored/socket", std::chrono::seconds(30),
        [this] {
            events_.reached("xenstored");
            const auto init = launch({std::string(tools) + "xen-init-dom0"}, "/var/log/xen/xen-init-dom0.log");
            if (!init) return events_.failed(init.error().message);
            children_.watch(*init, [this](int status) {
                if (status != 0) return events_.failed("xen-init-dom0 ended with status " + std::to_string(status));
                start_console();
            });
        },
        [this] { events_.failed("xenstored did not open its socket within 30 s"); });
}

void Toolstack::start_console() {
    const auto console = launch({std::string(tools) + "xenconsoled", "-i", "--log=guest", "--timestamp=none",
                                 "--log-dir=/var/log/xen/console", "--pid-file=/run/xen/xenconsoled.pid"},
                                "/var/log/xen/xenconsoled.log");
    if (!console) return events_.failed(console.error().message);
    children_.watch(*console, [this](int status) {
        events_.warning("xenconsoled ended with status " + std::to_string(status) + ": guests have no console now");
    });
    events_.reached("toolstack");
    if (!exists(daemon_program)) return events_.reached("ready");
    start_daemon();
}

void Toolstack::start_daemon() {
    const auto daemon = launch({daemon_program}, "/var/log/bulkhead/bulkheadd.log");
    if (!daemon) {
        events_.warning(daemon.error().message);
        if (!std::exchange(ready_, true)) events_.reached("ready");
        return;
    }
    children_.watch(*daemon, [this](int status) { daemon_ended(status); });
    if (ready_) return; // a restart
    wait_for_socket(
        daemon_socket, std::chrono::seconds(20),
        [this] {
            events_.reached("daemon");
            if (!std::exchange(ready_, true)) events_.reached("ready");
        },
        [this] {
            events_.warning("bulkheadd did not open " + std::string(daemon_socket) + " within 20 s");
            if (!std::exchange(ready_, true)) events_.reached("ready");
        });
}

// As packaging's systemd unit does: a daemon that failed comes back after a second, one that was stopped does not.
void Toolstack::daemon_ended(int status) {
    events_.warning("bulkheadd ended with status " + std::to_string(status));
    if (status == 0 || status == 128 + SIGTERM) return;
    if (++daemon_failures_ > daemon_restarts) {
        events_.warning("bulkheadd failed too often and is not started again");
        if (!std::exchange(ready_, true)) events_.reached("ready");
        return;
    }
    loop_.after(std::chrono::seconds(1), [this] { start_daemon(); });
}

void Toolstack::wait_for_socket(const std::string& path, std::chrono::seconds deadline, Next next, Next late) {
    if (inotify_) loop_.unwatch(inotify_.get());
    loop_.cancel(timer_);
    inotify_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    const std::string folder = path.substr(0, path.rfind('/'));
    ::inotify_add_watch(inotify_.get(), folder.c_str(), IN_CREATE | IN_MOVED_TO | IN_ATTRIB);
    const auto limit = Loop::Clock::now() + deadline;
    // A socket's file appears by bind(2), before listen(2): no event tells the second, hence the short timer after it.
    auto look = std::make_shared<std::function<void()>>();
    *look = [this, path, limit, next = std::move(next), late = std::move(late),
             weak = std::weak_ptr<std::function<void()>>(look)] {
        const auto self = weak.lock(); // keeps this function alive while it runs
        char buffer[4096];
        while (::read(inotify_.get(), buffer, sizeof buffer) > 0) {
        }
        loop_.cancel(timer_);
        const bool open = accepts(path);
        if (open || Loop::Clock::now() >= limit) {
            loop_.unwatch(inotify_.get());
            inotify_.reset();
            (open ? next : late)();
            return;
        }
        const auto pause = exists(path) ? std::chrono::milliseconds(10) : std::chrono::milliseconds(500);
        timer_ = loop_.after(pause, [self] { (*self)(); });
    };
    loop_.watch(inotify_.get(), POLLIN, [look](short) { (*look)(); });
    (*look)();
}

} // namespace bulkhead::lab
