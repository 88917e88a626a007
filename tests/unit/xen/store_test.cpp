#include "xen/store.hpp"

#include "support/fake_xenstored.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

namespace bulkhead::xen {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class StoreTest : public testing::Test {
protected:
    Store open(unsigned domain = 0) { return std::move(*Store::adopt(server.connect(domain))); }
    // Every event so far: they come ahead of the reply to a later request.
    static std::vector<WatchEvent> drain(Store& store) {
        EXPECT_TRUE(store.exists("/local"));
        std::vector<WatchEvent> events;
        while (auto event = *store.next_event()) events.push_back(std::move(*event));
        return events;
    }
    test::FakeXenstored server;
};

TEST_F(StoreTest, ReadsWritesListsAndRemoves) {
    Store store = open();
    ASSERT_TRUE(store.write("/local/domain/1/name", "client"));
    EXPECT_EQ(*store.read("/local/domain/1/name"), "client");
    ASSERT_TRUE(store.mkdir("/local/domain/1/data"));
    ASSERT_TRUE(store.mkdir("/local/domain/1/data"));
    EXPECT_EQ(*store.list("/local/domain/1"), (std::vector<std::string>{"data", "name"}));
    EXPECT_TRUE(*store.exists("/local/domain/1/data"));
    ASSERT_TRUE(store.remove("/local/domain/1"));
    EXPECT_TRUE(store.remove("/local/domain/1")) << "removing what is not there is no error";
    EXPECT_TRUE(store.remove("/nowhere/at/all"));
    EXPECT_EQ(store.read("/local/domain/1/name").error().code, ENOENT);
    EXPECT_EQ(*store.read_if("/local/domain/1/name"), std::nullopt);
    EXPECT_FALSE(*store.exists("/local/domain/1"));
}

TEST_F(StoreTest, ErrorsSayWhatAndWhere) {
    Store store = open(3);
    server.add_domain(4);
    const auto refused = store.write("/local/domain/4/data/x", "1");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, EACCES);
    EXPECT_EQ(refused.error().message, "xenstore: writing /local/domain/4/data/x: Permission denied");
    EXPECT_EQ(store.read("a b").error().code, EINVAL);
    EXPECT_EQ(store.write("data", std::string(5000, 'x')).error().code, E2BIG);
    EXPECT_EQ(store.read("domid").error().code, ENOENT) << "a refused request does not disturb the next one";
}

TEST_F(StoreTest, RelativePathsAreTheOwnDomains) {
    server.add_domain(3);
    Store store = open(3);
    ASSERT_TRUE(store.write("data/x", "1"));
    EXPECT_EQ(server.read("/local/domain/3/data/x"), "1");
    EXPECT_EQ(*store.domain_path(3), "/local/domain/3");
}

TEST_F(StoreTest, PermissionsThereAndBack) {
    Store store = open();
    ASSERT_TRUE(store.write("/x", "1"));
    const std::vector<Permission> wanted{{1, false, false}, {2, true, false}, {3, true, true}};
    ASSERT_TRUE(store.set_permissions("/x", wanted));
    EXPECT_EQ(*store.permissions("/x"), wanted);
    EXPECT_EQ(store.set_permissions("/x", {}).error().code, EINVAL);
}

TEST_F(StoreTest, ManyNodesAtOnce) {
    Store store = open();
    std::vector<std::pair<std::string, std::string>> nodes;
    std::vector<std::string> paths;
    for (int i = 0; i < 100; ++i) { // more than are sent ahead of the answers
        nodes.emplace_back("/many/" + std::to_string(i), "value " + std::to_string(i));
        paths.push_back(nodes.back().first);
    }
    ASSERT_TRUE(store.write_each(nodes));
    paths.insert(paths.begin() + 50, "/many/none");
    const auto values = store.read_each(paths);
    ASSERT_TRUE(values);
    ASSERT_EQ(values->size(), 101U);
    EXPECT_EQ((*values)[49], "value 49");
    EXPECT_EQ((*values)[50], std::nullopt);
    EXPECT_EQ((*values)[100], "value 99");
    const std::vector<Permission> wanted{{1, false, false}, {2, true, false}};
    ASSERT_TRUE(store.set_permissions_each(paths, wanted)) << "one that is not there is passed over";
    EXPECT_EQ(*store.permissions("/many/0"), wanted);
    EXPECT_EQ(*store.permissions("/many/99"), wanted);
    EXPECT_TRUE(store.read_each({})->empty());
    EXPECT_TRUE(store.write_each({}));
}

// As /dev/xen/xenbus needs it. A terminal is a device that lets the test see what was written.
TEST_F(StoreTest, ADeviceGetsOneRequestAtATime) {
    const Fd peer(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_TRUE(peer && ::grantpt(peer.get()) == 0 && ::unlockpt(peer.get()) == 0);
    Fd device(::open(::ptsname(peer.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_TRUE(device);
    termios raw{};
    ::cfmakeraw(&raw);
    ASSERT_EQ(::tcsetattr(device.get(), TCSANOW, &raw), 0);
    Store store = std::move(*Store::adopt(std::move(device)));
    store.set_deadline(50ms);
    EXPECT_EQ(store.read_each({"/a", "/b", "/c"}).error().code, ETIMEDOUT);
    char buffer[256];
    const ssize_t got = ::read(peer.get(), buffer, sizeof buffer);
    ASSERT_GT(got, 0);
    std::string bytes(buffer, static_cast<std::size_t>(got));
    const auto message = wire::take(bytes);
    ASSERT_TRUE(message && *message);
    EXPECT_EQ((*message)->payload, wire::strings({"/a"}));
    EXPECT_TRUE(bytes.empty()) << "the second went out before the first was answered";
}

TEST_F(StoreTest, OneRefusedNodeAmongManyIsNamed) {
    server.add_domain(3);
    Store store = open(3);
    server.add_domain(4);
    const auto refused = store.write_each({{"data/a", "1"}, {"/local/domain/4/data/x", "1"}, {"data/b", "1"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, EACCES);
    EXPECT_EQ(refused.error().message, "xenstore: writing /local/domain/4/data/x: Permission denied");
    EXPECT_EQ(store.read_each({"data/a", "a b"}).error().code, EINVAL);
    EXPECT_EQ(store.write_each({{"data/c", std::string(5000, 'x')}}).error().code, E2BIG);
    EXPECT_EQ(*store.read("data/b"), "1") << "the answers to what came after it were taken too";
}

TEST_F(StoreTest, ManyNodesInATransactionCommitTogether) {
    Store store = open();
    int runs = 0;
    ASSERT_TRUE(store.transaction([&](Transaction& now) -> Status {
        TRY(now.write_each({{"/t/a", "1"}, {"/t/b", "2"}}));
        if (++runs == 1) server.write("/t/a", "other");
        return {};
    }));
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(server.read("/t/b"), "2");
}

TEST_F(StoreTest, LongDirectoriesComeInParts) {
    Store store = open();
    std::vector<std::string> names;
    for (int i = 1000; i < 2000; ++i) {
        names.push_back("entry-" + std::to_string(i));
        server.write("/long/" + names.back(), "");
    }
    EXPECT_EQ(*store.list("/long"), names);
    EXPECT_GT(server.requests(wire::Type::directory_part), 2U);
}

TEST_F(StoreTest, WatchesFireOnceAtOnceAndForChanges) {
    server.add_domain(3);
    Store store = open(3);
    ASSERT_TRUE(store.watch("backend", "token"));
    EXPECT_EQ(*store.wait_event(Clock::now() + 5s), (WatchEvent{"backend", "token"}));
    server.write("/local/domain/3/backend/vif/1/0/state", "1");
    const auto made = drain(store);
    ASSERT_EQ(made.size(), 5U) << "the node and its parents";
    EXPECT_EQ(made.back(), (WatchEvent{"backend/vif/1/0/state", "token"}));
    server.remove("/local/domain/3/backend/vif/1");
    EXPECT_EQ(drain(store), (std::vector<WatchEvent>{{"backend/vif/1", "token"}}));
    EXPECT_EQ(*store.wait_event(Clock::now() + 20ms), std::nullopt);
    ASSERT_TRUE(store.unwatch("backend", "token"));
    server.write("/local/domain/3/backend/x", "1");
    EXPECT_TRUE(drain(store).empty());
    EXPECT_EQ(store.unwatch("backend", "token").error().code, ENOENT);
}

TEST_F(StoreTest, EventsThatArriveDuringRequestsAreKept) {
    Store store = open();
    ASSERT_TRUE(store.watch("/x", "t"));
    (void)drain(store);
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(store.write("/x/" + std::to_string(i), "1"));
        ASSERT_TRUE(store.read("/x/" + std::to_string(i)));
    }
    EXPECT_EQ(drain(store).size(), 11U) << "ten nodes and the parent that the first one made";
}

TEST_F(StoreTest, AFloodOfEventsBecomesOnePerWatch) {
    Store store = open();
    Store other = open();
    ASSERT_TRUE(store.watch("/x", "t"));
    ASSERT_TRUE(store.watch("/y", "u"));
    (void)drain(store);
    for (std::size_t i = 0; i < Store::events_max + 10; ++i) {
        ASSERT_TRUE(other.write("/x", "1"));
        if (i % 64 == 0) {
            ASSERT_TRUE(store.read("/local"));
        }
    }
    const auto events = drain(store);
    EXPECT_LT(events.size(), Store::events_max);
    EXPECT_TRUE(std::count(events.begin(), events.end(), WatchEvent{"/y", "u"}) == 1);
}

TEST_F(StoreTest, TransactionsCommitOrVanish) {
    Store store = open();
    ASSERT_TRUE(store.transaction([](Transaction& now) -> Status {
        TRY(now.write("/a", "1"));
        EXPECT_EQ(*now.read("/a"), "1");
        return now.write("/b", "2");
    }));
    EXPECT_EQ(server.read("/b"), "2");
    const Status failed = store.transaction([](Transaction& now) -> Status {
        TRY(now.write("/a", "3"));
        return fail("no", EPERM);
    });
    EXPECT_EQ(failed.error().code, EPERM);
    EXPECT_EQ(server.read("/a"), "1");
}

TEST_F(StoreTest, TransactionsRunAgainAfterAConflict) {
    Store store = open();
    server.write("/counter", "0");
    int runs = 0;
    ASSERT_TRUE(store.transaction([&](Transaction& now) -> Status {
        const std::string value = TRY(now.read("/counter"));
        if (++runs < 4) server.write("/counter", std::to_string(runs));
        return now.write("/counter", value + "+");
    }));
    EXPECT_EQ(runs, 4);
    EXPECT_EQ(server.read("/counter"), "3+");
}

TEST_F(StoreTest, TransactionsGiveUpAfterEndlessConflicts) {
    Store store = open();
    server.fail_next(wire::Type::transaction_end, "EAGAIN", 1000);
    const Status failed = store.transaction([](Transaction& now) { return now.write("/a", "1"); });
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, EAGAIN);
    EXPECT_EQ(server.read("/a"), std::nullopt);
}

TEST_F(StoreTest, ASilentXenstoredDoesNotHangAndItsLateAnswersAreDropped) {
    Store store = open();
    server.write("/a", "1");
    store.set_deadline(50ms);
    server.set_mute(true);
    const auto begin = Clock::now();
    EXPECT_EQ(store.read("/a").error().code, ETIMEDOUT);
    EXPECT_LT(Clock::now() - begin, 2s);
    server.set_mute(false);
    store.set_deadline(5s);
    EXPECT_EQ(*store.read("/a"), "1") << "usable again when xenstored is";
}

TEST_F(StoreTest, LateAnswersDoNotAnswerTheNextRequest) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const Fd peer(ends[1]);
    Store store = std::move(*Store::adopt(Fd(ends[0])));
    store.set_deadline(20ms);
    EXPECT_EQ(store.read("/a").error().code, ETIMEDOUT);
    const std::string late = *wire::encode({wire::Type::read, 1, 0, "late"});
    const std::string right = *wire::encode({wire::Type::read, 2, 0, "right"});
    ASSERT_GT(::write(peer.get(), (late + right).data(), late.size() + right.size()), 0);
    EXPECT_EQ(*store.read("/b"), "right");
}

TEST_F(StoreTest, ALostConnectionIsToldAndStaysLost) {
    Store store = open();
    server.drop_connections();
    EXPECT_EQ(store.read("/a").error().code, ENOTCONN);
    EXPECT_EQ(store.read("/a").error().code, ENOTCONN);
    EXPECT_EQ(store.next_event().error().code, ENOTCONN);
    EXPECT_EQ(store.fd(), -1);
}

TEST_F(StoreTest, GarbageFromTheServerEndsTheConnection) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const Fd peer(ends[1]);
    Store store = std::move(*Store::adopt(Fd(ends[0])));
    ASSERT_GT(::write(peer.get(), std::string(64, '\xff').data(), 64), 0);
    EXPECT_FALSE(store.read("/a"));
    EXPECT_EQ(store.fd(), -1);
}

TEST_F(StoreTest, OpensWhatTheEnvironmentNames) {
    const std::string path = "/tmp/bulkhead-test-store-" + std::to_string(::getpid());
    server.listen(path, 0);
    ::setenv("XENSTORED_PATH", path.c_str(), 1);
    auto store = Store::open();
    ::unlink(path.c_str());
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_TRUE(store->write("/a", "1"));
    ::setenv("XENSTORED_PATH", "/nowhere", 1);
    const auto missing = Store::open();
    ::unsetenv("XENSTORED_PATH");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().message, "xenstore at $XENSTORED_PATH: /nowhere: No such file or directory");
}

} // namespace
} // namespace bulkhead::xen
