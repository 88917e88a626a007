#include "base/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace bulkhead;
using namespace std::chrono_literals;

TEST(Process, FeedsInputAndCollectsBothStreams) {
    const std::string input(300'000, 'x'); // more than a pipe holds
    const Output output = run({"sh", "-c", "cat; echo oops >&2; exit 3"}, 10s, input).value();
    EXPECT_EQ(output.out, input);
    EXPECT_EQ(output.err, "oops\n");
    EXPECT_EQ(output.status, 3);
}

TEST(Process, DeadlineKillsTheChild) {
    const auto start = std::chrono::steady_clock::now();
    const auto output = run({"sleep", "30"}, 50ms);
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, ETIMEDOUT);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1); // reaped
}

TEST(Process, MissingProgramIsAnErrorWithItsName) {
    // A folder of PATH that this user may not search would make it EACCES (execvp(3)).
    const std::string path = std::getenv("PATH");
    ::setenv("PATH", "/usr/bin:/bin", 1);
    const auto output = run({"bulkhead-no-such-program"}, 1s);
    ::setenv("PATH", path.c_str(), 1);
    ASSERT_FALSE(output);
    EXPECT_NE(output.error().message.find("bulkhead-no-such-program"), std::string::npos);
    EXPECT_EQ(output.error().code, ENOENT);
}

TEST(Process, SignalsCountFrom128) {
    EXPECT_EQ(run({"sh", "-c", "kill -TERM $$"}, 5s).value().status, 128 + SIGTERM);
}

TEST(Process, CheckedCarriesTheEndOfStderr) {
    const auto result = run_checked({"sh", "-c", "echo the reason >&2; exit 1"}, 5s);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find("the reason"), std::string::npos);
}

TEST(Process, TooMuchOutputIsAnError) {
    EXPECT_FALSE(run({"yes"}, 10s, {}, {}, 100'000));
}

TEST(Process, OwnerGoneMeansChildGone) {
    pid_t pid = 0;
    {
        const Child child = spawn({"sleep", "30"}, {}).value();
        pid = child.pid();
    }
    EXPECT_EQ(::kill(pid, 0), -1);
    EXPECT_EQ(errno, ESRCH);
}
