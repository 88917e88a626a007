#include "domain/worker.hpp"

#include "base/file.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <optional>
#include <stdexcept>
#include <sys/resource.h>
#include <unistd.h>

using namespace bulkhead;
using namespace bulkhead::domain;
using std::chrono::milliseconds;

namespace {

struct WorkerTest : testing::Test {
    EventLoop loop = EventLoop::create().value();
    Workers workers{loop, nullptr};
    std::vector<std::string> progress, intents;
    std::optional<Result<std::string>> result;
    bool died = false;
    bool allow = true;

    Workers::Id start(std::function<Result<std::string>(const WorkerSide&)> run,
                      milliseconds deadline = std::chrono::seconds(30)) {
        Job job;
        job.name = "test";
        job.deadline = deadline;
        job.run = std::move(run);
        job.progress = [this](const std::string& text) { progress.push_back(text); };
        job.intent = [this](const std::string& what) -> Status {
            intents.push_back(what);
            if (!allow) return fail("not now", EBUSY);
            return {};
        };
        job.done = [this](Result<std::string> r, bool d) {
            EXPECT_FALSE(result.has_value()) << "done twice";
            result.emplace(std::move(r));
            died = d;
        };
        return workers.start(std::move(job)).value();
    }
    void wait() {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!result && std::chrono::steady_clock::now() < end) ASSERT_TRUE(loop.run_once(milliseconds(1000)));
        ASSERT_TRUE(result.has_value());
        EXPECT_EQ(workers.running(), 0U);
    }
    Result<std::string>& answer() { return *result; }
};

[[noreturn]] void hang() {
    for (;;) ::pause();
}

} // namespace

TEST_F(WorkerTest, GivesItsResultAndProgress) {
    start([](const WorkerSide& side) -> Result<std::string> {
        side.progress("one");
        side.progress("two");
        return std::string(3 << 20, 'x'); // more than any buffer
    });
    wait();
    ASSERT_TRUE(answer());
    EXPECT_EQ(answer()->size(), 3U << 20);
    EXPECT_EQ(progress, (std::vector<std::string>{"one", "two"}));
    EXPECT_FALSE(died);
}

TEST_F(WorkerTest, AnErrorKeepsItsCodeAndText) {
    start([](const WorkerSide&) -> Result<std::string> { return fail("no space: really", ENOSPC); });
    wait();
    ASSERT_FALSE(answer());
    EXPECT_EQ(answer().error().message, "no space: really");
    EXPECT_EQ(answer().error().code, ENOSPC);
    EXPECT_FALSE(died);
}

TEST_F(WorkerTest, IntentIsWrittenDownBeforeTheWorkerGoesOn) {
    const std::string witness = testing::TempDir() + "bulkhead-intent." + std::to_string(::getpid());
    start([&](const WorkerSide& side) -> Result<std::string> {
        TRY(side.intent("make it"));
        TRY(write_file_atomic(witness, "made"));
        return std::string("done");
    });
    EXPECT_TRUE(intents.empty());
    EXPECT_FALSE(exists(witness));
    wait();
    EXPECT_EQ(intents, (std::vector<std::string>{"make it"}));
    EXPECT_TRUE(exists(witness));
    std::filesystem::remove(witness);
}

TEST_F(WorkerTest, ARefusedIntentStopsIt) {
    allow = false;
    start([](const WorkerSide& side) -> Result<std::string> {
        TRY(side.intent("make it"));
        return std::string("made");
    });
    wait();
    ASSERT_FALSE(answer());
    EXPECT_EQ(answer().error().message, "not now");
    EXPECT_EQ(answer().error().code, EBUSY);
}

TEST_F(WorkerTest, ACrashIsAnError) {
    start([](const WorkerSide& side) -> Result<std::string> {
        side.progress("before");
        const rlimit none{0, 0};
        ::setrlimit(RLIMIT_CORE, &none);
        std::signal(SIGSEGV, SIG_DFL); // not AddressSanitizer's handler
        ::kill(::getpid(), SIGSEGV);
        hang();
    });
    wait();
    ASSERT_FALSE(answer());
    EXPECT_TRUE(died);
    EXPECT_NE(answer().error().message.find("signal 11"), std::string::npos) << answer().error().message;
    EXPECT_EQ(progress, (std::vector<std::string>{"before"}));
}

TEST_F(WorkerTest, AnEarlyExitIsAnError) {
    start([](const WorkerSide&) -> Result<std::string> { ::_exit(3); });
    wait();
    ASSERT_FALSE(answer());
    EXPECT_TRUE(died);
    EXPECT_NE(answer().error().message.find("exit status 3"), std::string::npos);
}

TEST_F(WorkerTest, AnExceptionIsAnError) {
    start([](const WorkerSide&) -> Result<std::string> { throw std::runtime_error("oops"); });
    wait();
    ASSERT_FALSE(answer());
    EXPECT_FALSE(died);
    EXPECT_EQ(answer().error().message, "internal error: oops");
}

TEST_F(WorkerTest, AHangEndsAtItsDeadlineWithItsChildren) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    Fd reader(ends[0]);
    const std::string witness = testing::TempDir() + "bulkhead-hang." + std::to_string(::getpid());
    start(
        [&](const WorkerSide&) -> Result<std::string> {
            const pid_t child = ::fork();
            if (child == 0) hang();
            TRY(write_file_atomic(witness, std::to_string(child)));
            hang();
        },
        milliseconds(1500));
    ::close(ends[1]);
    const auto begin = std::chrono::steady_clock::now();
    wait();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
    ASSERT_FALSE(answer());
    EXPECT_TRUE(died);
    EXPECT_EQ(answer().error().code, ETIMEDOUT);
    const pid_t grandchild = std::stoi(read_file(witness, 100).value());
    // Killed with its parent: it is gone, or a zombie that its reaper has not taken yet.
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    bool gone = false;
    while (!gone && std::chrono::steady_clock::now() < end) {
        const auto stat = read_file("/proc/" + std::to_string(grandchild) + "/stat", 4096);
        gone = !stat || stat->find(") Z ") != std::string::npos;
    }
    EXPECT_TRUE(gone);
    std::filesystem::remove(witness);
}

TEST_F(WorkerTest, GarbageOnTheLineEndsIt) {
    start([](const WorkerSide&) -> Result<std::string> {
        for (int fd = 3; fd < 64; ++fd) (void)!::write(fd, "garbage garbage garbage", 23);
        hang();
    });
    wait();
    ASSERT_FALSE(answer());
    EXPECT_TRUE(died);
}

TEST_F(WorkerTest, StopKillsItAndSaysSo) {
    const auto id = start([](const WorkerSide&) -> Result<std::string> { hang(); });
    workers.stop(id);
    wait();
    EXPECT_EQ(answer().error().code, ECANCELED);
    EXPECT_TRUE(died) << "it could not clean up";
}

TEST_F(WorkerTest, CancelKillsItAndSaysNothing) {
    const Workers::Id id = start([](const WorkerSide&) -> Result<std::string> { hang(); });
    ASSERT_TRUE(loop.run_once(milliseconds(10)));
    workers.cancel(id);
    EXPECT_EQ(workers.running(), 0U);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(loop.run_once(milliseconds(10)));
    EXPECT_FALSE(result.has_value());
    workers.cancel(id); // no harm
}

TEST_F(WorkerTest, HoldsNothingOfTheDaemonOpen) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    const Fd reader(ends[0]);
    const Workers::Id id = start([](const WorkerSide& side) -> Result<std::string> {
        side.progress("running");
        hang();
    });
    ::close(ends[1]);
    for (int i = 0; i < 1000 && progress.empty(); ++i) ASSERT_TRUE(loop.run_once(milliseconds(100)));
    char byte = 0;
    EXPECT_EQ(::read(reader.get(), &byte, 1), 0); // the end: nobody else has the writing side
    workers.cancel(id);
}

TEST(Workers, HeavyJobsTakeTurns) {
    EventLoop loop = EventLoop::create().value();
    Workers workers(loop, nullptr);
    std::size_t running = 0, most = 0;
    std::vector<std::string> answers;
    std::vector<Workers::Id> ids;
    const std::size_t all = Workers::heavy_most() + 3;
    for (std::size_t i = 0; i < all; ++i) {
        Job job;
        job.name = "heavy " + std::to_string(i);
        job.heavy = true;
        job.run = [i](const WorkerSide& side) -> Result<std::string> {
            TRY(side.intent("here"));
            return std::to_string(i);
        };
        job.intent = [&](const std::string&) -> Status {
            most = std::max(most, ++running);
            return {};
        };
        job.done = [&](Result<std::string> result, bool) {
            if (result) --running;
            answers.push_back(result ? *result : "error " + std::to_string(result.error().code));
        };
        ids.push_back(workers.start(std::move(job)).value());
    }
    EXPECT_EQ(workers.running(), all);
    workers.stop(ids[all - 2]); // waits for its turn
    EXPECT_EQ(answers, std::vector<std::string>{"error " + std::to_string(ECANCELED)});
    workers.cancel(ids[all - 1]);
    EXPECT_EQ(workers.running(), all - 2);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (workers.running() > 0 && std::chrono::steady_clock::now() < end)
        ASSERT_TRUE(loop.run_once(milliseconds(1000)));
    ASSERT_EQ(answers.size(), all - 1);
    EXPECT_LE(most, Workers::heavy_most());
    EXPECT_EQ(std::count(answers.begin(), answers.end(), std::to_string(all - 3)), 1); // its turn came
}
