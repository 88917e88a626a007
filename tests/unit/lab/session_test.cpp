// The two ends of `lab exec` against each other: run_session() and lab-init's ExecPort, with a Unix socket in the place
// of QEMU's virtio-serial port.
#include "base/file.hpp"
#include "base/process.hpp"
#include "lab/init/children.hpp"
#include "lab/init/exec_port.hpp"
#include "lab/lab.hpp"
#include "lab/qemu.hpp"
#include "lab/session.hpp"
#include "temporary_runtime.hpp"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <memory>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// lab-init's side, in a process of its own: accepts one client after the other.
[[noreturn]] void serve(int listener) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::signal(SIGPIPE, SIG_IGN); // as for the first process
    Loop loop;
    Children children(loop);
    if (!children.start()) ::_exit(1);
    std::unique_ptr<ExecPort> port;
    std::function<void()> watch_port;
    const std::function<void(short)> accept = [&](short) {
        Fd client(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!client) return;
        loop.unwatch(listener);
        port = std::make_unique<ExecPort>(loop, children, std::move(client));
        watch_port();
    };
    // The real port is edge-triggered; a short timer stands for "writable again", so that POLLOUT need not be watched.
    const std::function<void()> tick = [&] {
        if (port) port->ready(EPOLLIN | EPOLLOUT);
        loop.after(5ms, tick);
    };
    watch_port = [&] {
        loop.watch(port->fd(), POLLIN, [&](short) {
            char byte = 0;
            if (::recv(port->fd(), &byte, 1, MSG_PEEK) == 0) {
                loop.unwatch(port->fd());
                port->ready(EPOLLHUP);
                port.reset();
                loop.watch(listener, POLLIN, accept);
                return;
            }
            port->ready(EPOLLIN | EPOLLOUT);
        });
    };
    loop.watch(listener, POLLIN, accept);
    tick();
    (void)loop.run();
    ::_exit(1);
}

class SessionTest : public TemporaryRuntime {
protected:
    void SetUp() override {
        TemporaryRuntime::SetUp();
        place_.emplace(*Place::of("t"));
        ASSERT_TRUE(place_->create());
        for (unsigned i = 0; i < 2; ++i) listen(i);
    }

    void listen(unsigned number) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = place_->path(exec_socket(number));
        ASSERT_LT(path.size(), sizeof address.sun_path);
        std::strcpy(address.sun_path, path.c_str());
        const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        ASSERT_EQ(::listen(listener.get(), 5), 0);
        const pid_t pid = ::fork();
        ASSERT_GE(pid, 0);
        if (pid == 0) serve(listener.get());
        servers_.emplace_back(pid);
    }

    struct Collected {
        Result<int> status = 0;
        std::string out, err;
    };
    Collected run(const std::vector<std::string>& arguments, std::string_view input = {}, int input_fd = -1,
                  std::chrono::milliseconds deadline = 60s) {
        Collected collected;
        SessionStreams streams;
        streams.text = input;
        streams.input = input_fd;
        streams.output = [&](std::string_view bytes) -> Status {
            collected.out.append(bytes);
            return {};
        };
        streams.error = [&](std::string_view bytes) -> Status {
            collected.err.append(bytes);
            return {};
        };
        ExecRequest request;
        request.arguments = arguments;
        request.directory = "/";
        auto port = take_port(*place_);
        if (!port) {
            collected.status = tl::unexpected(port.error());
            return collected;
        }
        collected.status = run_session(std::move(*port), request, streams, deadline);
        return collected;
    }

    std::optional<Place> place_;
    std::vector<Child> servers_; // killed at the end
};

TEST_F(SessionTest, StreamsAndStatus) {
    const auto got = run({"sh", "-c", "echo out; echo err >&2; cat; exit 7"}, "input");
    ASSERT_TRUE(got.status) << got.status.error().message;
    EXPECT_EQ(*got.status, 7);
    EXPECT_EQ(got.out, "out\ninput");
    EXPECT_EQ(got.err, "err\n");
}

TEST_F(SessionTest, OneAfterTheOther) {
    for (int i = 0; i < 20; ++i) {
        const auto got = run({"sh", "-c", "echo " + std::to_string(i)});
        ASSERT_TRUE(got.status) << got.status.error().message;
        EXPECT_EQ(got.out, std::to_string(i) + "\n");
    }
}

TEST_F(SessionTest, DeathBySignal) {
    const auto got = run({"sh", "-c", "kill -9 $$"});
    ASSERT_TRUE(got.status);
    EXPECT_EQ(*got.status, 137);
}

TEST_F(SessionTest, ProgramThatIsNotThere) {
    const auto got = run({"/no/such/program"});
    ASSERT_FALSE(got.status);
    EXPECT_THAT(got.status.error().message, HasSubstr("cannot run /no/such/program"));
    EXPECT_TRUE(run({"true"}).status);
}

TEST_F(SessionTest, MegabytesBothWaysAtOnce) {
    std::string bytes(3 << 20, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>((i * 7919) >> 5);
    const auto got = run({"cat"}, bytes);
    ASSERT_TRUE(got.status) << got.status.error().message;
    EXPECT_TRUE(got.out == bytes) << got.out.size();
}

TEST_F(SessionTest, InputThatNobodyReads) {
    const auto got = run({"true"}, std::string(2 << 20, 'x'));
    ASSERT_TRUE(got.status) << got.status.error().message;
    EXPECT_EQ(*got.status, 0);
}

TEST_F(SessionTest, BackgroundProcessDoesNotHoldTheSession) {
    const auto got = run({"sh", "-c", "sleep 60 & echo started"}, {}, -1, 20s);
    ASSERT_TRUE(got.status) << got.status.error().message;
    EXPECT_EQ(got.out, "started\n");
}

TEST_F(SessionTest, Deadline) {
    const auto got = run({"sleep", "60"}, {}, -1, 200ms);
    ASSERT_FALSE(got.status);
    EXPECT_EQ(got.status.error().code, ETIMEDOUT);
}

TEST_F(SessionTest, ProgramDiesWithItsClient) {
    const std::string mark = folder_ + "/pid";
    const auto got =
        run({"sh", "-c", "echo $$ >" + mark + ".tmp; mv " + mark + ".tmp " + mark + "; sleep 60"}, {}, -1, 1s);
    ASSERT_FALSE(got.status);
    const auto text = read_file(mark, 100);
    ASSERT_TRUE(text);
    const int pid = std::stoi(*text);
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (::kill(pid, 0) == 0 && std::chrono::steady_clock::now() < end) ::usleep(10'000);
    EXPECT_NE(::kill(pid, 0), 0);
}

TEST_F(SessionTest, EveryPortHasOneUserAtATime) {
    const auto first = take_port(*place_);
    const auto second = take_port(*place_);
    ASSERT_TRUE(first);
    ASSERT_TRUE(second);
    for (unsigned i = 2; i < exec_ports; ++i) listen(i);
    std::vector<Port> others;
    for (unsigned i = 2; i < exec_ports; ++i) {
        auto port = take_port(*place_);
        ASSERT_TRUE(port);
        others.push_back(std::move(*port));
    }
    const auto none = take_port(*place_);
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message, HasSubstr("in use"));
    others.clear();
    EXPECT_TRUE(take_port(*place_));
}

TEST_F(SessionTest, GarbageBeforeTheSession) {
    {
        auto port = take_port(*place_);
        ASSERT_TRUE(port);
        // Half a frame and noise on the same connection: what a client that died leaves in a virtio port.
        ASSERT_TRUE(write_all(port->socket.get(), "noise BkLb" + encode_frame(FrameType::input, 9, "x").substr(0, 14)));
        SessionStreams streams;
        std::string out;
        streams.output = [&out](std::string_view bytes) -> Status {
            out.append(bytes);
            return {};
        };
        ExecRequest request;
        request.arguments = {"echo", "hi"};
        request.directory = "/";
        const auto status = run_session(std::move(*port), request, streams, 30s);
        ASSERT_TRUE(status) << status.error().message;
        EXPECT_EQ(out, "hi\n");
    }
    EXPECT_TRUE(run({"true"}).status);
}

TEST_F(SessionTest, TerminalHasItsSize) {
    SessionStreams streams;
    std::string out;
    streams.output = [&out](std::string_view bytes) -> Status {
        out.append(bytes);
        return {};
    };
    ExecRequest request;
    request.arguments = {"sh", "-c", "stty size; test -t 0 && test -t 1 && echo tty"};
    request.directory = "/";
    request.terminal = true;
    request.rows = 33;
    request.columns = 101;
    const auto status = run_session(*take_port(*place_), request, streams, 30s);
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_THAT(out, HasSubstr("33 101"));
    EXPECT_THAT(out, HasSubstr("tty"));
}

} // namespace
} // namespace bulkhead::lab
