#include "lab/boot.hpp"

#include "base/file.hpp"
#include "base/loop.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "lab/dom0.hpp"
#include "lab/interrupts.hpp"
#include "lab/lab.hpp"
#include "lab/machine.hpp"
#include "lab/qemu.hpp"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int interrupted_code = EINTR;

// New whole lines of a growing file.
class Lines {
public:
    explicit Lines(std::string path) : path_(std::move(path)) {}

    template <typename Take>
    void read(Take take) {
        if (!file_) file_ = Fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
        if (!file_) return; // not made yet
        char buffer[16 * 1024];
        ssize_t got = 0;
        while ((got = ::read(file_.get(), buffer, sizeof buffer)) > 0) {
            rest_.append(buffer, static_cast<std::size_t>(got));
            std::size_t end = 0;
            while ((end = rest_.find('\n')) != std::string::npos) {
                take(std::string_view(rest_).substr(0, end));
                rest_.erase(0, end + 1);
            }
            if (rest_.size() > 64 * 1024) rest_.clear(); // no line that we wait for is so long
        }
    }

private:
    std::string path_;
    Fd file_;
    std::string rest_;
};

class Boot {
public:
    Boot(const LabOptions& options, const BootOptions& boot, Lab lab)
        : options_(options), boot_(boot), lab_(std::move(lab)) {}

    Result<BootReport> run();

private:
    [[nodiscard]] double elapsed() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }
    void reached(const std::string& stage) {
        report_.stages.emplace_back(stage, elapsed());
        if (boot_.progress) boot_.progress(stage, elapsed());
    }
    Status occupy();
    Status start_qemu(const Dom0Files& files);
    Status wait_until_ready();
    void look();
    void event(std::string_view line);
    void fail_with(std::string message, int code = 0) {
        if (!failure_) failure_ = Error{std::move(message), code};
        loop_.stop();
    }
    void give_up();

    const LabOptions& options_;
    const BootOptions& boot_;
    Lab lab_;
    Clock::time_point begin_ = Clock::now();
    BootReport report_;
    Interrupts interrupts_;
    Loop loop_;
    Fd folder_lock_, inotify_, process_;
    Lines events_{lab_.place().path(file::events_log)};
    Lines console_{lab_.place().path(file::console_log)};
    bool xen_seen_ = false, kernel_seen_ = false;
    std::optional<Error> failure_;
};

Status Boot::occupy() {
    auto lock = lab_.place().create();
    if (lock) {
        folder_lock_ = std::move(*lock);
        return {};
    }
    if (lock.error().code != EEXIST) return tl::unexpected(lock.error());
    const LabStatus now = lab_.status();
    const std::string name = options_.name;
    const std::string option = name == "default" ? "" : " --name " + name;
    if (now.life == Life::dead) {
        return fail("lab '" + name + "' died and was not cleaned up: look at it with `bulkhead lab status" + option +
                    "` and remove it with `bulkhead lab down" + option + "`");
    }
    return fail("lab '" + name + "' is already " + (now.life == Life::running ? "up" : "being started") +
                ": use it, end it with `bulkhead lab down" + option + "`, or start another one with --name");
}

Status Boot::start_qemu(const Dom0Files& files) {
    const Place& place = lab_.place();
    const Fd initramfs = TRY(make_initramfs(files, options_));
    const std::string initramfs_path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(initramfs.get());
    std::error_code error;
    std::filesystem::create_symlink(files.xen, place.path(file::xen), error);
    if (!error) std::filesystem::create_symlink(files.kernel, place.path(file::kernel), error);
    if (!error) std::filesystem::create_symlink(initramfs_path, place.path(file::initramfs), error);
    if (!error && !options_.xsm_policy.empty()) {
        const auto policy = std::filesystem::absolute(options_.xsm_policy, error);
        if (!error) std::filesystem::create_symlink(policy, place.path(file::xsm_policy), error);
    }
    if (error) return fail(place.folder() + ": " + error.message(), error.value());

    inotify_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!inotify_ || ::inotify_add_watch(inotify_.get(), place.folder().c_str(), IN_MODIFY | IN_CREATE) < 0) {
        return fail_errno("inotify on " + place.folder());
    }
    const Accelerator accelerator = choose_accelerator();
    const Fd log(::open(place.path(file::qemu_log).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!log) return fail_errno(place.path(file::qemu_log));
    SpawnOptions spawn_options;
    spawn_options.stdout_fd = log.get();
    spawn_options.stderr_fd = log.get();
    spawn_options.directory = place.folder();
    spawn_options.new_session = true;
    Child qemu = TRY(spawn(qemu_arguments(options_, accelerator), spawn_options));

    LabState& state = report_.state;
    state.name = options_.name;
    state.pid = qemu.pid();
    state.start = TRY(process_start(qemu.pid()));
    state.accelerator = accelerator == Accelerator::kvm ? "kvm" : "tcg";
    state.nic = options_.nic;
    state.xenstored = options_.xenstored;
    state.memory = options_.memory;
    state.created = static_cast<std::int64_t>(::time(nullptr));
    process_ = TRY(open_process(state));
    TRY(write_file_atomic(place.path(file::state), encode_state(state), 0600));
    reached("QEMU started (" + state.accelerator + ")");
    // QEMU opens the memory file at its start, before it prints its first console byte: until then it must stay open.
    TRY(wait_until_ready());
    qemu.release();
    return {};
}

void Boot::event(std::string_view line) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return;
    const std::string_view rest = line.substr(space + 1);
    const std::size_t end = rest.find(' ');
    const std::string_view kind = rest.substr(0, end);
    const std::string text = end == std::string_view::npos ? "" : printable(rest.substr(end + 1));
    if (kind == "warning") report_.warnings.push_back(text);
    if (kind == "failed") fail_with("dom0's toolstack did not start: " + text);
    if (kind != "stage") return;
    if (text == "init") reached("dom0's init runs");
    if (text == "xenstored") reached("xenstored answers");
    if (text == "toolstack") reached("toolstack is ready");
    if (text == "daemon") reached("bulkheadd answers");
    if (text == "ready") {
        report_.state.ready = true;
        loop_.stop();
    }
}

void Boot::look() {
    bool fatal = false;
    console_.read([&](std::string_view line) {
        if (!xen_seen_ && line.find("(XEN)") != std::string_view::npos) {
            xen_seen_ = true;
            reached("Xen runs");
        }
        if (!kernel_seen_ && line.find("Linux version") != std::string_view::npos) {
            kernel_seen_ = true;
            reached("dom0's kernel runs");
        }
        fatal = fatal || find_fatal(line).has_value();
    });
    events_.read([this](std::string_view line) { event(line); });
    // The machine ends by itself after a panic; this is for one that hangs instead.
    if (fatal) loop_.after(8s, [this] { fail_with(explain_death(lab_.logs())); });
}

Status Boot::wait_until_ready() {
    loop_.watch(inotify_.get(), POLLIN, [this](short) {
        char buffer[8192];
        while (::read(inotify_.get(), buffer, sizeof buffer) > 0) {
        }
        look();
    });
    loop_.watch(process_.get(), POLLIN, [this](short) {
        look();
        if (!report_.state.ready || failure_) fail_with(explain_death(lab_.logs()));
    });
    loop_.watch(interrupts_.fd(), POLLIN, [this](short) { fail_with("interrupted", interrupted_code); });
    loop_.after(boot_.deadline, [this] {
        fail_with("dom0 was not ready within " + std::to_string(boot_.deadline.count()) +
                  " s (a slow or busy machine? --timeout waits longer)\n" + explain_death(lab_.logs()));
    });
    look();
    if (!report_.state.ready && !failure_) TRY(loop_.run());
    if (failure_) return tl::unexpected(*failure_);
    return {};
}

void Boot::give_up() {
    if (process_) {
        ::syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0);
        (void)wait_for_end(process_.get(), 10s);
    }
    (void)lab_.place().remove();
}

Result<BootReport> Boot::run() {
    TRY(check_options(options_));
    TRY(check_machine(options_));
    TRY(occupy());
    Status done = [&]() -> Status {
        const Dom0Files files = TRY(prepare_dom0(options_, [this](std::string_view text) {
            if (boot_.progress) boot_.progress(std::string(text), elapsed());
        }));
        if (interrupts_.arrived()) return fail("interrupted", interrupted_code);
        reached("Xen " + files.xen_version + ", Linux " + files.kernel_version);
        return start_qemu(files);
    }();
    if (done) {
        // It leads to our memory file, which goes with us; QEMU has read it.
        std::error_code ignored;
        std::filesystem::remove(lab_.place().path(file::initramfs), ignored);
        report_.state.seconds = elapsed();
        done = write_file_atomic(lab_.place().path(file::state), encode_state(report_.state), 0600);
    }
    if (done) {
        reached("ready");
        return std::move(report_);
    }
    if (boot_.keep_logs && done.error().code != interrupted_code) {
        const std::string kept = lab_.place().folder() + ".failed";
        std::error_code ignored;
        std::filesystem::remove_all(kept, ignored);
        std::filesystem::create_directory(kept, ignored);
        for (const char* name : {file::console_log, file::guests_log, file::events_log, file::qemu_log}) {
            std::filesystem::copy_file(lab_.place().path(name), kept + "/" + name, ignored);
        }
        done.error().message += "\n  the whole logs are in " + kept;
    }
    give_up();
    return tl::unexpected(std::move(done).error());
}

} // namespace

Result<BootReport> boot_lab(const LabOptions& options, const BootOptions& boot) {
    TRY(check_options(options));
    Boot starting(options, boot, TRY(Lab::of(options.name)));
    return starting.run();
}

} // namespace bulkhead::lab
