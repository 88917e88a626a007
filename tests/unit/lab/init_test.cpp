#include "base/file.hpp"
#include "lab/init/log_follower.hpp"
#include "lab/init/outlet.hpp"
#include "lab/init/system.hpp"
#include "temporary_runtime.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

using namespace std::chrono_literals;

TEST(LabSettings, FromTheKernelCommandLine) {
    const auto settings =
        parse_lab_settings("console=hvc0 bulkhead.xenstored=ocaml bulkhead.hide=0000:00:02.0,0000:00:04.0 x\n");
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->xenstored, "ocaml");
    EXPECT_THAT(settings->hidden, testing::ElementsAre("0000:00:02.0", "0000:00:04.0"));
    EXPECT_EQ(parse_lab_settings("")->xenstored, "c");
    EXPECT_FALSE(parse_lab_settings("bulkhead.xenstored=no"));
}

class FollowerTest : public TemporaryRuntime {
protected:
    void SetUp() override {
        TemporaryRuntime::SetUp();
        int ends[2];
        ASSERT_EQ(::pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
        read_ = Fd(ends[0]);
        outlet_.attach(Fd(ends[1]));
        ASSERT_TRUE(follower_.start());
        ASSERT_TRUE(follower_.follow(folder_));
    }
    void append(const std::string& name, const std::string& text) {
        const Fd file(::open((folder_ + "/" + name).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
        ASSERT_TRUE(write_all(file.get(), text));
    }
    std::string copied(std::chrono::milliseconds wait = 20ms) {
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(loop_.run_once(wait));
        std::string text(65536, '\0');
        const ssize_t got = ::read(read_.get(), text.data(), text.size());
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }

    Loop loop_;
    Outlet outlet_;
    LogFollower follower_{loop_, outlet_};
    Fd read_;
};

TEST_F(FollowerTest, LinesGetTheNameOfTheirFile) {
    append("guest-ndvm.log", "one\r\ntwo\npart");
    append("other.txt", "no\n");
    EXPECT_EQ(copied(), "[ndvm] one\n[ndvm] two\n");
    append("guest-ndvm.log", "ial\n");
    EXPECT_EQ(copied(), "[ndvm] partial\n");
}

TEST_F(FollowerTest, FileThatBeginsAnew) {
    append("bulkheadd.log", "one\n");
    EXPECT_EQ(copied(), "[bulkheadd] one\n");
    ASSERT_EQ(::truncate((folder_ + "/bulkheadd.log").c_str(), 0), 0);
    append("bulkheadd.log", "2\n");
    EXPECT_EQ(copied(), "[bulkheadd] 2\n");
}

// dom0's files are memory: a guest that prints for ever must not fill it.
TEST_F(FollowerTest, LargeFileIsEmptiedAfterCopying) {
    const std::string line(1023, 'x');
    for (int i = 0; i < 5 * 1024; ++i) {
        append("guest-a.log", line + "\n");
        if (i % 16 == 0) (void)copied(0ms);
    }
    for (int i = 0; i < 400; ++i) (void)copied(0ms);
    outlet_.flush();
    struct stat info {};
    ASSERT_EQ(::stat((folder_ + "/guest-a.log").c_str(), &info), 0);
    EXPECT_LT(info.st_size, 4 << 20);
}

TEST(Outlet, KeepsLinesUntilThePortIsThere) {
    Outlet outlet;
    outlet.write("early\n");
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    const Fd read(ends[0]);
    outlet.attach(Fd(ends[1]));
    char buffer[16];
    EXPECT_EQ(::read(read.get(), buffer, sizeof buffer), 6);
    for (int i = 0; i < 3000; ++i) outlet.write(std::string(1024, 'x')); // nobody reads: bounded
    EXPECT_TRUE(outlet.full());
}

} // namespace
} // namespace bulkhead::lab
