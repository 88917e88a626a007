#include "agent/mounts.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::agent {
namespace {

Status mount_once(const char* type, const char* target, unsigned long flags) {
    TRY(make_directories(target));
    if (::mount(type, target, type, flags, nullptr) != 0 && errno != EBUSY) {
        return fail_errno("mounting " + std::string(target));
    }
    return {};
}

// Without /dev/console in the initramfs the kernel starts init with nothing open.
void open_console() {
    if (::fcntl(STDERR_FILENO, F_GETFD) >= 0) return;
    const int console = ::open("/dev/console", O_RDWR | O_NOCTTY);
    if (console < 0) return;
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (fd != console) ::dup2(console, fd);
    }
    if (console > STDERR_FILENO) ::close(console);
}

} // namespace

Status prepare_system() {
    Status first;
    const auto keep = [&first](Status done) {
        if (!done && first) first = std::move(done);
    };
    keep(mount_once("proc", "/proc", MS_NOSUID | MS_NOEXEC | MS_NODEV));
    keep(mount_once("sysfs", "/sys", MS_NOSUID | MS_NOEXEC | MS_NODEV));
    keep(mount_once("devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC));
    open_console();
    // The kernel runs these for a shutdown that the toolstack asks for.
    keep(make_directories("/sbin"));
    for (const char* name : {"/sbin/poweroff", "/sbin/reboot"}) {
        if (!exists(name) && ::symlink("/init", name) != 0) keep(fail_errno(name));
    }
    for (const char* scope : {"all", "default"}) {
        const std::string path = std::string("/proc/sys/net/ipv6/conf/") + scope + "/disable_ipv6";
        if (exists(path)) keep(write_to(path, "1"));
    }
    if (exists("/proc/sys/kernel/sysrq")) keep(write_to("/proc/sys/kernel/sysrq", "1"));
    return first;
}

} // namespace bulkhead::agent
