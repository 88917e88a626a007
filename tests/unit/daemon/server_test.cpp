// The server against good, slow, rude and vanishing clients; the command line's client against the server.
#include "api/message.hpp"
#include "cli/client.hpp"
#include "daemon/server.hpp"

#include "base/file.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

using namespace bulkhead;
using std::chrono::milliseconds;

namespace {

struct ServerTest : testing::Test {
    domain::EventLoop loop = domain::EventLoop::create().value();
    std::string folder = testing::TempDir() + "bulkhead-server." + std::to_string(::getpid());
    std::string path = folder + "/bulkheadd.sock";
    std::vector<std::shared_ptr<daemon::Call>> waiting;
    std::unique_ptr<daemon::Server> server;

    void SetUp() override {
        server = daemon::Server::open(loop, path, [this](std::shared_ptr<daemon::Call> call) {
                     if (call->request.verb == "echo")
                         call->result(call->request.arguments);
                     else if (call->request.verb == "fail")
                         call->error({"as asked", 7});
                     else if (call->request.verb == "big")
                         call->result("\"" + std::string(8 << 20, 'b') + "\"");
                     else
                         waiting.push_back(std::move(call));
                 }).value();
    }
    void TearDown() override {
        server.reset();
        std::filesystem::remove_all(folder);
    }
    Fd connect() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        return fd;
    }
    void serve(int rounds = 20) {
        for (int i = 0; i < rounds; ++i) ASSERT_TRUE(loop.run_once(milliseconds(5)));
    }
    // What the server has sent so far; "<end>" at its end.
    std::string read(const Fd& fd) {
        std::string text;
        for (;;) {
            serve(3);
            char buffer[65536];
            const ssize_t got = ::recv(fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
            if (got == 0) return text + "<end>";
            if (got < 0) return text;
            text.append(buffer, static_cast<std::size_t>(got));
        }
    }
};

} // namespace

TEST_F(ServerTest, AnswersInOrderOnOneConnection) {
    const Fd fd = connect();
    ASSERT_TRUE(write_all(fd.get(), R"({"version":1,"verb":"echo","arguments":{"a":1}})"
                                    "\n"
                                    R"({"version":1,"verb":"fail"})"
                                    "\n{\"version\":1,\"ver"));
    EXPECT_EQ(read(fd), "{\"result\":{\"a\":1}}\n{\"error\":{\"code\":7,\"message\":\"as asked\"}}\n");
    ASSERT_TRUE(write_all(fd.get(), "b\":\"echo\"}\n"));
    EXPECT_EQ(read(fd), "{\"result\":{}}\n");
}

TEST_F(ServerTest, GarbageGetsAnErrorAndTooMuchOfItTheDoor) {
    const Fd fd = connect();
    ASSERT_TRUE(write_all(fd.get(), "GET / HTTP/1.0\n"));
    EXPECT_NE(read(fd).find("not a JSON object"), std::string::npos);
    std::thread rude([&] {
        const std::string junk(1 << 16, 'x');
        for (int i = 0; i < 40; ++i) {
            if (::send(fd.get(), junk.data(), junk.size(), MSG_NOSIGNAL) < 0) break;
        }
    });
    std::string text;
    for (int i = 0; i < 200 && text.find("<end>") == std::string::npos; ++i) text += read(fd);
    EXPECT_NE(text.find("a line of more than"), std::string::npos);
    ::shutdown(fd.get(), SHUT_RDWR);
    rude.join();
    EXPECT_EQ(read(connect()), ""); // the next client is served
}

TEST_F(ServerTest, AStuckCallBlocksNobodyElse) {
    const Fd stuck = connect();
    ASSERT_TRUE(write_all(stuck.get(), "{\"version\":1,\"verb\":\"wait\"}\n{\"version\":1,\"verb\":\"echo\"}\n"));
    EXPECT_EQ(read(stuck), "");
    const Fd other = connect();
    ASSERT_TRUE(write_all(other.get(), "{\"version\":1,\"verb\":\"echo\"}\n"));
    EXPECT_EQ(read(other), "{\"result\":{}}\n");
    ASSERT_EQ(waiting.size(), 1U);
    waiting[0]->progress("half");
    waiting[0]->result("3");
    EXPECT_EQ(read(stuck), "{\"progress\":\"half\"}\n{\"result\":3}\n{\"result\":{}}\n");
}

TEST_F(ServerTest, AClientThatLeavesEndsOnlyWhatIsItsOwn) {
    Fd fd = connect();
    ASSERT_TRUE(write_all(fd.get(), "{\"version\":1,\"verb\":\"wait\"}\n"));
    serve();
    ASSERT_EQ(waiting.size(), 1U);
    bool gone = false;
    waiting[0]->on_disconnect([&] { gone = true; });
    fd.reset();
    serve();
    EXPECT_TRUE(gone);
    waiting[0]->progress("to nobody");
    waiting[0]->result("{}"); // no harm
}

TEST_F(ServerTest, AClientThatDoesNotReadGetsItsAnswerLater) {
    const Fd fd = connect();
    ASSERT_TRUE(write_all(fd.get(), "{\"version\":1,\"verb\":\"big\"}\n"));
    serve();
    const Fd other = connect();
    ASSERT_TRUE(write_all(other.get(), "{\"version\":1,\"verb\":\"echo\"}\n"));
    EXPECT_EQ(read(other), "{\"result\":{}}\n");
    std::string text;
    for (int i = 0; i < 2000 && text.find('\n') == std::string::npos; ++i) text += read(fd);
    EXPECT_EQ(text.size(), (8U << 20) + std::strlen("{\"result\":\"\"}\n"));
}

TEST_F(ServerTest, AClientMayCloseItsWritingSideAndStillGetItsAnswer) {
    const Fd fd = connect();
    ASSERT_TRUE(write_all(fd.get(), "{\"version\":1,\"verb\":\"wait\"}\n"));
    ::shutdown(fd.get(), SHUT_WR);
    serve();
    ASSERT_EQ(waiting.size(), 1U);
    waiting[0]->result("1");
    EXPECT_EQ(read(fd), "{\"result\":1}\n<end>");
}

TEST_F(ServerTest, TooManyClientsAreToldSo) {
    std::vector<Fd> crowd;
    for (std::size_t i = 0; i < daemon::Server::connections_most; ++i) {
        crowd.push_back(connect());
        serve(2);
    }
    EXPECT_NE(read(connect()).find("too many clients"), std::string::npos);
    crowd.clear();
    serve(100);
    const Fd fd = connect();
    ASSERT_TRUE(write_all(fd.get(), "{\"version\":1,\"verb\":\"echo\"}\n"));
    EXPECT_EQ(read(fd), "{\"result\":{}}\n");
}

TEST_F(ServerTest, ADeadServersSocketIsReplacedALivingOnesIsNot) {
    auto second = daemon::Server::open(loop, path, [](const std::shared_ptr<daemon::Call>&) {});
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("another bulkheadd"), std::string::npos);
    const std::string stale = folder + "/stale.sock";
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, stale.data(), stale.size());
        const Fd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
        ASSERT_EQ(::bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    EXPECT_TRUE(daemon::Server::open(loop, stale, [](const std::shared_ptr<daemon::Call>&) {}));
}

TEST_F(ServerTest, TheCommandLinesClient) {
    std::optional<Result<nlohmann::json>> echoed, failed;
    bool done = false;
    std::thread user([&] {
        auto client = cli::Client::open(path);
        if (client) {
            echoed.emplace(client->call("echo", {{"text", "h\xc3\xa9llo"}}));
            failed.emplace(client->call("fail", nlohmann::json::object()));
        }
        done = true;
    });
    for (int i = 0; i < 2000 && !(echoed && failed); ++i) ASSERT_TRUE(loop.run_once(milliseconds(10)));
    user.join();
    ASSERT_TRUE(done && echoed && failed);
    ASSERT_TRUE(*echoed) << echoed->error().message;
    EXPECT_EQ((**echoed)["text"], "h\xc3\xa9llo");
    ASSERT_FALSE(*failed);
    EXPECT_EQ(failed->error().code, 7);
    const auto nobody = cli::Client::open(folder + "/nobody.sock");
    ASSERT_FALSE(nobody);
    EXPECT_NE(nobody.error().message.find("bulkhead"), std::string::npos);
}
