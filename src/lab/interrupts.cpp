#include "lab/interrupts.hpp"

#include <poll.h>
#include <sys/signalfd.h>

namespace bulkhead::lab {

Interrupts::Interrupts() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, &old_);
    std::signal(SIGINT, SIG_DFL); // scripts start background jobs with SIGINT ignored, and then none would arrive
    fd_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

Interrupts::~Interrupts() {
    ::sigprocmask(SIG_SETMASK, &old_, nullptr);
}

bool Interrupts::arrived() const {
    pollfd fd{fd_.get(), POLLIN, 0};
    return ::poll(&fd, 1, 0) > 0;
}

} // namespace bulkhead::lab
