// bulkhead-lab-init: the first process of the lab's dom0. It brings the toolstack up, runs what the host asks for over
// virtio-serial ports, and copies the guests' consoles to the host.
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/loop.hpp"
#include "base/modules.hpp"
#include "base/process.hpp"
#include "lab/init/children.hpp"
#include "lab/init/exec_port.hpp"
#include "lab/init/log_follower.hpp"
#include "lab/init/outlet.hpp"
#include "lab/init/ports.hpp"
#include "lab/init/system.hpp"
#include "lab/init/toolstack.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <list>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <vector>

namespace bulkhead::lab {
namespace {

class Dom0 {
public:
    Status run();

private:
    void event(const std::string& text);
    void stage(const std::string& name);
    void load_rest();
    void start_shell();
    Status handle_signals();
    void found(const std::string& name, Fd port);

    Loop loop_;
    Children children_{loop_};
    Ports ports_{loop_};
    Outlet events_, logs_;
    LogFollower follower_{loop_, logs_};
    std::list<ExecPort> exec_ports_; // addresses must not change
    Fd signals_;
    int ready_parts_ = 0;
    Toolstack toolstack_{loop_,
                         children_,
                         {[this](const std::string& name) { stage(name); },
                          [this](const std::string& reason) { event("failed " + reason); },
                          [this](const std::string& text) { event("warning " + text); }}};
};

// To the host's event file, and to the console for those who read it later.
void Dom0::event(const std::string& text) {
    const std::string line = uptime() + " " + text + "\n";
    events_.write(line);
    (void)write_all(STDOUT_FILENO, "@@ " + line);
}

// "ready" is said when both the toolstack and the modules are.
void Dom0::stage(const std::string& name) {
    if (name == "ready" && ++ready_parts_ < 2) return;
    event("stage " + name);
}

// What the toolstack does not wait for is loaded beside it: inserting a module takes long under an emulated CPU.
void Dom0::load_rest() {
    const pid_t pid = ::fork();
    if (pid == 0) {
        auto loader = ModuleLoader::open("/lib/bulkhead");
        Status loaded = loader ? loader->load_all() : tl::unexpected(loader.error());
        if (loaded) loaded = load_network_drivers(*loader);
        if (!loaded) log::error(loaded.error().message);
        ::_exit(loaded ? 0 : 1);
    }
    if (pid < 0) return event("failed fork: no memory");
    children_.watch(pid, [this](int status) {
        if (status != 0) event("warning some kernel modules could not be loaded; see dom0's console");
        stage("ready");
    });
}

// A shell on dom0's console for `lab console`, started when somebody presses Enter there.
void Dom0::start_shell() {
    const pid_t pid = ::fork();
    if (pid < 0) return;
    if (pid == 0) {
        ::setsid();
        const int console = ::open("/dev/hvc0", O_RDWR);
        if (console < 0) ::_exit(1);
        ::ioctl(console, TIOCSCTTY, 0);
        for (int fd = 0; fd < 3; ++fd) ::dup2(console, fd);
        sigset_t none;
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        char c = 0;
        while (c != '\n' && ::read(0, &c, 1) == 1) {
        }
        (void)!::chdir("/root");
        ::execl("/bin/bash", "-bash", nullptr);
        ::_exit(127);
    }
    children_.watch(pid, [this](int status) {
        if (status < 126) start_shell();
    });
}

// The signals that poweroff, reboot and Ctrl-Alt-Del send to the first process (reboot(2), busybox's init).
Status Dom0::handle_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) sigaddset(&set, signal);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return fail_errno("sigprocmask");
    signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return fail_errno("signalfd");
    loop_.watch(signals_.get(), POLLIN, [this](short) {
        signalfd_siginfo info{};
        if (::read(signals_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return;
        const bool off = info.ssi_signo == SIGUSR1 || info.ssi_signo == SIGUSR2;
        event(off ? "stage poweroff" : "stage reboot");
        ::sync();
        ::reboot(off ? RB_POWER_OFF : RB_AUTOBOOT);
    });
    return {};
}

void Dom0::found(const std::string& name, Fd port) {
    const auto add_outlet = [this](Outlet& outlet, Fd fd) {
        outlet.attach(std::move(fd));
        return ports_.watch(outlet.fd(), [&outlet](std::uint32_t) { outlet.flush(); });
    };
    Status done;
    if (name == "bulkhead.events") {
        done = add_outlet(events_, std::move(port));
    } else if (name == "bulkhead.log") {
        done = add_outlet(logs_, std::move(port));
    } else if (name.rfind("bulkhead.", 0) == 0) {
        ExecPort& server = exec_ports_.emplace_back(loop_, children_, std::move(port));
        done = ports_.watch(server.fd(), [&server](std::uint32_t events) { server.ready(events); });
    }
    if (!done) log::error(name + ": " + done.error().message);
}

Status Dom0::run() {
    ::setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/usr/lib/xen-4.17/bin", 1);
    ::setenv("HOME", "/root", 1);
    ::setenv("LANG", "C.UTF-8", 1);
    ::umask(022);
    std::signal(SIGPIPE, SIG_IGN); // a program's closed stdin is an error to handle, not an end
    TRY(mount_file_systems());
    const std::string command_line = TRY(read_file("/proc/cmdline", 64 * 1024));
    const LabSettings settings = TRY(parse_lab_settings(command_line));
    (void)!::sethostname("dom0", 4);
    TRY(children_.start());
    TRY(handle_signals());
    TRY(ports_.start([this](const std::string& name, Fd port) { found(name, std::move(port)); }));
    event("stage init");
    load_modules({"virtio_pci", "virtio_console"});
    TRY(loopback_up());
    load_modules({"xen_evtchn", "xen_gntdev", "xen_gntalloc", "xen_privcmd", "xenfs", "xen_pciback"});
    if (::mount("xenfs", "/proc/xen", "xenfs", 0, "") != 0) return fail_errno("mounting /proc/xen");
    for (const std::string& address : settings.hidden) {
        if (const Status hidden = hide_device(address); !hidden) event("warning " + hidden.error().message);
    }
    // busybox links its applets where nothing else is yet.
    if (const auto links = bulkhead::run({"/bin/busybox", "--install", "-s"}, std::chrono::seconds(60)); !links) {
        event("warning " + links.error().message);
    }
    event("stage modules");
    TRY(follower_.start());
    for (const char* folder : {"/var/log/xen", "/var/log/xen/console", "/var/log/bulkhead"}) {
        TRY(follower_.follow(folder));
    }
    toolstack_.start(settings.xenstored);
    load_rest();
    start_shell();
    return loop_.run();
}

// dom0's modprobe, called by the kernel (request_module: "modprobe -q -- NAME") and by people.
int modprobe(const std::vector<std::string>& arguments) {
    bool quiet = false;
    auto loader = ModuleLoader::open("/lib/bulkhead");
    if (!loader) {
        log::error(loader.error().message);
        return 1;
    }
    for (const std::string& argument : arguments) {
        if (argument[0] == '-') {
            quiet = quiet || argument == "-q";
            continue;
        }
        Status loaded = loader->load(argument);
        if (!loaded) {
            // Not a module's name: an alias. The index has only those of devices; "rtnl-link-bridge" asks for bridge.
            constexpr std::string_view link_kind = "rtnl-link-";
            const auto matched = loader->load_for(argument);
            if (matched && *matched > 0) loaded = {};
            if (argument.rfind(link_kind, 0) == 0) loaded = loader->load(argument.substr(link_kind.size()));
        }
        if (loaded) continue;
        if (!quiet) log::error(loaded.error().message);
        return 1;
    }
    return 0;
}

} // namespace
} // namespace bulkhead::lab

int main(int argc, char** argv) {
    using namespace bulkhead;
    const std::string_view called(argc > 0 ? argv[0] : "");
    if (called.size() >= 8 && called.substr(called.size() - 8) == "modprobe") {
        log::configure("modprobe", log::Level::info, false);
        return lab::modprobe({argv + 1, argv + argc});
    }
    log::configure("lab-init", log::Level::info, false);
    if (::getpid() != 1) {
        log::error("this is the first process of the lab's dom0; see `bulkhead lab up`");
        return 1;
    }
    lab::Dom0 dom0;
    const Status ended = dom0.run();
    // The kernel panics when its first process ends; the message stands just above the panic on the console.
    log::error(ended ? "the event loop ended" : ended.error().message);
    return 1;
}
