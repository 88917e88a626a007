#include "lab/init/children.hpp"

#include <csignal>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bulkhead::lab {

Status Children::start() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return fail_errno("sigprocmask");
    signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return fail_errno("signalfd");
    loop_.watch(signals_.get(), POLLIN, [this](short) {
        signalfd_siginfo info{};
        while (::read(signals_.get(), &info, sizeof info) > 0) {
        }
        reap();
    });
    return {};
}

void Children::reap() {
    for (;;) {
        siginfo_t info{};
        if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
        const auto entry = watched_.find(info.si_pid);
        if (entry != watched_.end()) {
            const Ended ended = std::move(entry->second);
            watched_.erase(entry);
            ended(info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status);
        }
        ::waitpid(info.si_pid, nullptr, 0);
    }
}

} // namespace bulkhead::lab
