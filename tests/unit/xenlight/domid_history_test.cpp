#include "xen/domid_history.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"

#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

using namespace bulkhead;
using namespace bulkhead::xen;

namespace {

struct DomidHistory : testing::Test {
    const std::string folder = testing::TempDir() + "bulkhead-domid." + std::to_string(::getpid());
    const std::string file = folder + "/domid-history";
    void SetUp() override { std::filesystem::create_directories(folder); }
    void TearDown() override { std::filesystem::remove_all(folder); }
};

} // namespace

TEST(WithoutDomid, TakesThatIdOnly) {
    EXPECT_EQ(without_domid("", 5), "");
    // libxl writes "%lu %u": seconds first; 5 seconds of domain 7 stay.
    EXPECT_EQ(without_domid("1000 4\n1001 5\n5 7\n1003 55\n1004 5\n", 5), "1000 4\n5 7\n1003 55\n");
    EXPECT_EQ(without_domid("1000 5", 5), "");
    EXPECT_EQ(without_domid("1000 4", 5), "1000 4\n");
}

TEST(WithoutDomid, LeavesWhatItDoesNotKnow) {
    for (const char* line : {"5\n", "1 5 5\n", "x y\n", "1 -5\n", "1 5x\n", "1 4294967301\n", "  1 6\n"})
        EXPECT_EQ(without_domid(line, 5), line);
}

TEST_F(DomidHistory, RewritesTheFileAndTakesTheLockAway) {
    ASSERT_TRUE(write_file_atomic(file, "1000 4\n1001 5\n"));
    ASSERT_TRUE(forget_recent_domid(5, folder));
    EXPECT_EQ(read_file(file, 100).value(), "1000 4\n");
    ASSERT_TRUE(forget_recent_domid(5, folder)); // twice does no harm
    EXPECT_EQ(read_file(file, 100).value(), "1000 4\n");
    EXPECT_FALSE(exists(file + ".lock"));
}

TEST_F(DomidHistory, NoListNothingToDo) {
    EXPECT_TRUE(forget_recent_domid(5, folder));
    EXPECT_TRUE(std::filesystem::is_empty(folder));
    EXPECT_TRUE(forget_recent_domid(5, folder + "/missing"));
}

TEST_F(DomidHistory, AListThatCannotBeReadIsAnErrorAndStays) {
    std::filesystem::create_directories(file); // not a file
    EXPECT_FALSE(forget_recent_domid(5, folder));
    EXPECT_TRUE(std::filesystem::is_directory(file));
}

TEST_F(DomidHistory, WaitsForLibxlsLockEvenWhenItIsReplaced) {
    ASSERT_TRUE(write_file_atomic(file, "1000 4\n1001 5\n"));
    const auto hold = [this] {
        Fd fd(::open((file + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
        EXPECT_EQ(::flock(fd.get(), LOCK_EX), 0);
        return fd;
    };
    Fd first = hold();
    std::thread forgetting([this] { EXPECT_TRUE(forget_recent_domid(5, folder)); });
    // What waits for a lock is marked so in /proc/locks; there is no event for it.
    const std::string waiter = "-> FLOCK";
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < end) {
        const auto locks = read_file("/proc/locks", 1 << 20);
        if (locks && locks->find(waiter) != std::string::npos) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(read_file(file, 100).value(), "1000 4\n1001 5\n"); // not before it has the lock
    ::unlink((file + ".lock").c_str());                          // libxl's way to unlock
    Fd second = hold();                                          // and another one is faster
    first.reset();
    ASSERT_TRUE(write_file_atomic(file, "1000 4\n1001 5\n1002 6\n"));
    ::unlink((file + ".lock").c_str());
    second.reset();
    forgetting.join();
    EXPECT_EQ(read_file(file, 100).value(), "1000 4\n1002 6\n");
}
