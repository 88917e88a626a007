#include "base/loop.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

using namespace bulkhead;
using namespace std::chrono_literals;

TEST(Loop, ServesTimersInOrderAndStops) {
    Loop loop;
    std::string order;
    loop.after(20ms, [&] {
        order += "b";
        loop.stop();
    });
    loop.after(1ms, [&] { order += "a"; });
    loop.cancel(loop.after(5ms, [&] { order += "x"; }));
    ASSERT_TRUE(loop.run());
    EXPECT_EQ(order, "ab");
}

TEST(Loop, ACallbackMayUnwatchItselfAndOthers) {
    int pipes[2][2];
    ASSERT_EQ(::pipe(pipes[0]), 0);
    ASSERT_EQ(::pipe(pipes[1]), 0);
    ASSERT_EQ(::write(pipes[0][1], "x", 1), 1);
    ASSERT_EQ(::write(pipes[1][1], "x", 1), 1);
    Loop loop;
    int calls = 0;
    for (const auto& pipe : pipes) {
        loop.watch(pipe[0], POLLIN, [&](short) {
            ++calls;
            loop.unwatch(pipes[0][0]);
            loop.unwatch(pipes[1][0]);
        });
    }
    ASSERT_TRUE(loop.run_once(1s));
    EXPECT_EQ(calls, 1);
    for (const auto& pipe : pipes) {
        ::close(pipe[0]);
        ::close(pipe[1]);
    }
}

TEST(Loop, WaitsNoLongerThanAsked) {
    Loop loop;
    const auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(loop.run_once(10ms));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
}
