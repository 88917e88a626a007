#include "cli/console.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <optional>
#include <poll.h>
#include <pty.h>
#include <sys/file.h>
#include <termios.h>
#include <thread>
#include <unistd.h>

using namespace bulkhead;
using cli::ConsoleOptions;

namespace {

struct Pipe {
    Fd read, write;
    Pipe() {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        read = Fd(ends[0]);
        write = Fd(ends[1]);
    }
};

// A guest's console: the test holds the master's side as xenconsoled does.
struct Console : testing::Test {
    Fd guest, keeper;
    ConsoleOptions options;
    Pipe input, output;

    void SetUp() override {
        int master = -1;
        int slave = -1;
        char name[64];
        ASSERT_EQ(::openpty(&master, &slave, name, nullptr, nullptr), 0);
        guest = Fd(master);
        keeper = Fd(slave);
        options.tty = name;
        options.input = input.read.get();
        options.output = output.write.get();
        options.linger = std::chrono::milliseconds(300);
    }
    static std::string read_until(const Fd& fd, const std::string& wanted) {
        std::string text;
        while (text.find(wanted) == std::string::npos) {
            pollfd ready{fd.get(), POLLIN, 0};
            if (::poll(&ready, 1, 10000) <= 0) return text + "<timeout>";
            char buffer[256];
            const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
            if (got <= 0) return text + "<end>";
            text.append(buffer, static_cast<std::size_t>(got));
        }
        return text;
    }
};

} // namespace

TEST_F(Console, PipedInputReachesTheGuestAndItsAnswerComesBack) {
    std::optional<Result<int>> result;
    bool attached = false;
    options.attached = [&]() -> Status {
        attached = true;
        return {};
    };
    ASSERT_TRUE(write_all(input.write.get(), "uname\n"));
    input.write.reset();
    std::thread console([&] { result.emplace(cli::run_console(options)); });
    EXPECT_EQ(read_until(guest, "\n"), "uname\n");
    ASSERT_TRUE(write_all(guest.get(), "Linux\r\n"));
    console.join();
    ASSERT_TRUE(result && *result);
    EXPECT_TRUE(attached);
    EXPECT_EQ(read_until(output.read, "\n"), "Linux\r\n"); // as the guest wrote it, and not echoed back to it
}

TEST_F(Console, TheGuestsEndIsTheEnd) {
    std::optional<Result<int>> result;
    std::thread console([&] { result.emplace(cli::run_console(options)); });
    ASSERT_TRUE(write_all(guest.get(), "last words\n"));
    EXPECT_EQ(read_until(output.read, "\n"), "last words\n");
    keeper.reset();
    guest.reset();
    console.join();
    ASSERT_TRUE(result && *result);
    EXPECT_EQ(**result, 0);
}

TEST_F(Console, ATerminalIsRawMeanwhileAndRestored) {
    int user = -1;
    int terminal = -1;
    ASSERT_EQ(::openpty(&user, &terminal, nullptr, nullptr, nullptr), 0);
    const Fd user_end(user);
    const Fd terminal_end(terminal);
    termios before{};
    ASSERT_EQ(::tcgetattr(terminal, &before), 0);
    options.input = terminal;
    std::optional<Result<int>> result;
    std::promise<void> attached; // both terminals are raw from here on
    options.attached = [&]() -> Status {
        attached.set_value();
        return {};
    };
    std::thread console([&] { result.emplace(cli::run_console(options)); });
    attached.get_future().wait();
    ASSERT_TRUE(write_all(guest.get(), "login:"));
    EXPECT_EQ(read_until(output.read, "login:"), "login:");
    ASSERT_TRUE(write_all(user, "\x03"
                                "x")); // Ctrl-C goes to the guest
    EXPECT_EQ(read_until(guest, "x"), "\x03"
                                      "x");
    termios during{};
    ASSERT_EQ(::tcgetattr(terminal, &during), 0);
    EXPECT_EQ(during.c_lflag & (ICANON | ECHO | ISIG), 0U);
    ASSERT_TRUE(write_all(user, "y\x1dz")); // Ctrl-] leaves; what stands before it still goes
    console.join();
    ASSERT_TRUE(result && *result);
    EXPECT_EQ(read_until(guest, "y"), "y");
    termios after{};
    ASSERT_EQ(::tcgetattr(terminal, &after), 0);
    EXPECT_EQ(after.c_lflag, before.c_lflag);
}

TEST_F(Console, OneConsoleAtATime) {
    options.lock = testing::TempDir() + "bulkhead-console." + std::to_string(::getpid());
    const Fd held(::open(options.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
    const auto refused = cli::run_console(options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, EBUSY);
    std::filesystem::remove(options.lock);
}

TEST_F(Console, AMissingTtyIsNamed) {
    options.tty = "/dev/pts/no-such";
    EXPECT_NE(cli::run_console(options).error().message.find("/dev/pts/no-such"), std::string::npos);
}
