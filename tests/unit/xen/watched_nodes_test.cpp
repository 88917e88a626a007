#include "xen/watched_nodes.hpp"

#include "support/fake_xenstored.hpp"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace bulkhead::xen {
namespace {

using testing::ElementsAre;
using testing::Optional;

class WatchedNodesTest : public testing::Test {
protected:
    void SetUp() override {
        server.listen(path, 0);
        ::setenv("XENSTORED_PATH", path.c_str(), 1); // NOLINT: a test, one thread that reads it
        server.write("/local/domain/1/name", "one");
        server.write("/local/domain/2/name", "two");
    }
    void TearDown() override {
        ::unsetenv("XENSTORED_PATH"); // NOLINT
        ::unlink(path.c_str());
    }
    std::vector<std::optional<std::string>> names(const std::vector<unsigned>& ids) {
        std::vector<std::string> paths;
        for (const unsigned id : ids) paths.push_back("/local/domain/" + std::to_string(id) + "/name");
        auto values = nodes.read_each(paths);
        EXPECT_TRUE(values) << values.error().message;
        return values.value_or(std::vector<std::optional<std::string>>());
    }
    // How many nodes a call asks for.
    unsigned asked(const std::function<void()>& call) {
        const unsigned before = server.requests(wire::Type::read);
        call();
        return server.requests(wire::Type::read) - before;
    }

    const std::string path = testing::TempDir() + "xenstored." + std::to_string(::getpid());
    test::FakeXenstored server;
    WatchedNodes nodes;
};

TEST_F(WatchedNodesTest, ReadsAgainWhatHasChangedAndNothingElse) {
    EXPECT_THAT(names({1, 2}), ElementsAre("one", "two"));
    (void)names({1, 2}); // what the new watches had to tell
    EXPECT_EQ(asked([&] {
                  EXPECT_THAT(names({1, 2}), ElementsAre("one", "two"));
              }),
              1u)
        << "the one that brings events";
    server.write("/local/domain/2/name", "renamed");
    EXPECT_EQ(asked([&] { EXPECT_THAT(names({2, 1}), ElementsAre("renamed", "one")); }), 2u);
    server.remove("/local/domain/1");
    EXPECT_THAT(names({1, 2}), ElementsAre(std::nullopt, Optional(std::string("renamed"))));
    server.write("/local/domain/1/name", "another");
    EXPECT_THAT(names({1, 2}), ElementsAre("another", "renamed"));
}

TEST_F(WatchedNodesTest, ForgetsWhatIsNotAskedFor) {
    (void)names({1, 2});
    EXPECT_EQ(server.requests(wire::Type::unwatch), 0u);
    EXPECT_THAT(names({2}), ElementsAre("two"));
    EXPECT_EQ(server.requests(wire::Type::unwatch), 1u);
    server.write("/local/domain/1/name", "new");
    EXPECT_THAT(names({1}), ElementsAre("new"));
}

TEST_F(WatchedNodesTest, BeginsAnewAfterALostConnection) {
    (void)names({1});
    server.drop_connections();
    server.write("/local/domain/1/name", "later");
    EXPECT_FALSE(nodes.read_each({"/local/domain/1/name"}));
    EXPECT_THAT(names({1}), ElementsAre("later"));
}

} // namespace
} // namespace bulkhead::xen
