#include "agent/init.hpp"

#include "base/log.hpp"
#include "base/process.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bulkhead::agent {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int poweroff_signal = SIGUSR2; // as busybox init has it
constexpr auto agent_patience = 2s;      // for the agent's last words
constexpr int init_patience_ms = 5000;   // of the poweroff command
constexpr auto restart_delay_max = 5s;

sigset_t init_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, poweroff_signal}) sigaddset(&set, signal);
    return set;
}

std::string_view base_name(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string describe(int raw) {
    if (WIFSIGNALED(raw)) return "was killed by signal " + std::to_string(WTERMSIG(raw));
    return "ended with status " + std::to_string(WEXITSTATUS(raw));
}

// Waits for one of our signals; 0 at the deadline.
int wait_signal(const sigset_t& set, Clock::duration wait) {
    if (wait == Clock::duration::max()) {
        const int signal = ::sigwaitinfo(&set, nullptr);
        return std::max(signal, 0);
    }
    const auto left = std::max(wait, Clock::duration::zero());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
    return std::max(::sigtimedwait(&set, nullptr, &timeout), 0);
}

pid_t start_agent(const std::function<int()>& serve) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        const sigset_t set = init_signals();
        ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
        ::_exit(serve());
    }
    if (pid < 0) log::error(std::string("cannot start the agent: ") + std::strerror(errno));
    return pid;
}

void turn_off(pid_t agent, int command) {
    const sigset_t set = init_signals();
    if (agent > 0) {
        ::kill(agent, SIGTERM);
        const auto end = Clock::now() + agent_patience;
        while (::waitpid(agent, nullptr, WNOHANG) == 0 && Clock::now() < end) wait_signal(set, end - Clock::now());
    }
    ::sync();
    ::reboot(command);
    log::error(std::string("reboot: ") + std::strerror(errno));
}

} // namespace

void run_init(const std::function<int()>& serve) {
    const sigset_t set = init_signals();
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    ::reboot(RB_DISABLE_CAD); // SIGINT for us instead of an immediate reset
    pid_t agent = -1;
    auto started = Clock::time_point::min();
    auto restart = Clock::now();
    Clock::duration delay = 0s;
    for (;;) {
        if (agent < 0 && Clock::now() >= restart) {
            started = Clock::now();
            agent = start_agent(serve);
            if (agent < 0) restart = Clock::now() + restart_delay_max;
        }
        const int signal = wait_signal(set, agent < 0 ? restart - Clock::now() : Clock::duration::max());
        int raw = 0;
        for (pid_t ended = 0; (ended = ::waitpid(-1, &raw, WNOHANG)) > 0;) {
            if (ended != agent) continue; // an orphan
            agent = -1;
            // At once, for clients wait; but ever slower if it cannot stay up.
            if (Clock::now() - started > 30s) delay = 0s;
            restart = Clock::now() + delay;
            delay = std::min<Clock::duration>(delay * 2 + 250ms, restart_delay_max);
            log::error("the agent " + describe(raw) + "; it is started again");
        }
        if (signal == SIGINT) return turn_off(agent, RB_AUTOBOOT);
        if (signal == SIGTERM || signal == poweroff_signal) return turn_off(agent, RB_POWER_OFF);
    }
}

bool is_power_command(std::string_view program) {
    const std::string_view name = base_name(program);
    return name == "poweroff" || name == "halt" || name == "reboot";
}

int run_power_command(std::string_view program) {
    const bool again = base_name(program) == "reboot";
    if (::kill(1, again ? SIGINT : poweroff_signal) == 0) ::poll(nullptr, 0, init_patience_ms); // ends with the machine
    ::sync();
    ::reboot(again ? RB_AUTOBOOT : RB_POWER_OFF);
    log::error(std::string("reboot: ") + std::strerror(errno));
    return 1;
}

} // namespace bulkhead::agent
