// The first process, as PID 1 of a PID namespace, where the kernel lets reboot(2) end the namespace: its parent then
// sees it killed by SIGINT for "power off" and by SIGHUP for "restart" (pid_namespaces(7)).
#include "agent/init.hpp"

#include "base/fd.hpp"

#include <csignal>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bulkhead::agent {
namespace {

struct {
    int commands = -1; // test to agent
    int reports = -1;  // agent to test
} worker;

void report(char what) {
    (void)!::write(worker.reports, &what, 1);
}

// Stands for the agent: says 's' when it starts, ends on command, says 't' when it is asked to stop.
int serve() {
    std::signal(SIGTERM, [](int) {
        report('t');
        ::_exit(0);
    });
    report('s');
    char command = 0;
    if (::read(worker.commands, &command, 1) != 1) return 0;
    if (command == 'k') ::raise(SIGKILL);
    if (command == 'o') { // leaves an orphan, which init reaps
        if (::fork() == 0) ::_exit(0);
    }
    return 1;
}

class InitTest : public testing::Test {
protected:
    void SetUp() override {
        int down[2];
        int up[2];
        ASSERT_EQ(::pipe(down), 0);
        ASSERT_EQ(::pipe(up), 0);
        commands = Fd(down[1]);
        reports = Fd(up[0]);
        worker = {down[0], up[1]};
        // A helper in between: it alone is in the new namespace's parent role.
        helper = ::fork();
        ASSERT_GE(helper, 0);
        if (helper != 0) {
            ::close(down[0]);
            ::close(up[1]);
            return;
        }
        const int flags = ::geteuid() == 0 ? CLONE_NEWPID : CLONE_NEWUSER | CLONE_NEWPID;
        if (::unshare(flags) != 0) ::_exit(100);
        const pid_t init = ::fork();
        if (init == 0) {
            run_init(serve);
            ::_exit(101); // the machine could not be turned off
        }
        // Signals for init come through us, as it has no pid that the test knows.
        sigset_t set;
        sigemptyset(&set);
        for (const int signal : {SIGUSR2, SIGINT, SIGTERM}) sigaddset(&set, signal);
        ::sigprocmask(SIG_BLOCK, &set, nullptr);
        report('h');
        int signal = 0;
        sigwait(&set, &signal);
        ::kill(init, signal);
        int raw = 0;
        ::waitpid(init, &raw, 0);
        ::_exit(WIFSIGNALED(raw) ? WTERMSIG(raw) : 102);
    }
    void TearDown() override {
        if (helper > 0) ::kill(helper, SIGKILL);
    }
    // The next report; 0 when none comes.
    char next() {
        pollfd fd{reports.get(), POLLIN, 0};
        char what = 0;
        if (::poll(&fd, 1, 10'000) != 1 || ::read(reports.get(), &what, 1) != 1) return 0;
        return what;
    }
    void command(char what) { ASSERT_EQ(::write(commands.get(), &what, 1), 1); }
    void started() { // helper and agent start side by side
        const std::string both{next(), next()};
        ASSERT_TRUE(both == "hs" || both == "sh") << "'" << both << "'";
    }
    int end(int signal) {
        ::kill(helper, signal);
        EXPECT_EQ(next(), 't') << "the agent is asked to stop first";
        int raw = 0;
        ::waitpid(helper, &raw, 0);
        helper = -1;
        return WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
    }
    Fd commands, reports;
    pid_t helper = -1;
};

TEST_F(InitTest, StartsTheAgentAgainHoweverItEnds) {
    started();
    for (const char way : {'k', 'o', 'x'}) {
        command(way);
        EXPECT_EQ(next(), 's') << way;
    }
    EXPECT_EQ(end(SIGUSR2), SIGINT);
}

TEST_F(InitTest, TurnsTheMachineOff) {
    started();
    EXPECT_EQ(end(SIGUSR2), SIGINT);
}

TEST_F(InitTest, RestartsTheMachine) {
    started();
    EXPECT_EQ(end(SIGINT), SIGHUP);
}

TEST(PowerCommand, IsKnownByItsName) {
    for (const char* name : {"/sbin/poweroff", "reboot", "/usr/sbin/halt"}) EXPECT_TRUE(is_power_command(name)) << name;
    for (const char* name : {"/init", "bulkhead-agent", "", "/poweroff/agent"})
        EXPECT_FALSE(is_power_command(name)) << name;
}

} // namespace
} // namespace bulkhead::agent
