#include "domain/backend.hpp"

#include "support/fake_xenstored.hpp"

#include <cerrno>
#include <gtest/gtest.h>
#include <thread>

using namespace bulkhead;
using namespace bulkhead::domain;
using std::chrono::seconds;

namespace {

struct BackendTest : testing::Test {
    test::FakeXenstored xenstored;
    xen::Store store = xen::Store::adopt(xenstored.connect()).value();
    std::vector<xen::DomainInfo> domains;
    std::vector<std::string> told;
    Progress progress = [this](std::string_view text) { told.emplace_back(text); };
    const std::string home = "/local/domain/3";

    void SetUp() override {
        domains.resize(2);
        domains[0].name = "Domain-0";
        domains[1].id = 3;
        domains[1].name = "ndvm";
    }
    Result<Backend> find(seconds patience = seconds(20)) {
        return find_backend(store, domains, "ndvm", patience, progress);
    }
};

} // namespace

TEST_F(BackendTest, ReadyAtOnce) {
    xenstored.write(home + "/data/bulkhead/state", "ready");
    xenstored.write(home + "/data/bulkhead/bridge", "br-lan");
    const auto backend = find();
    ASSERT_TRUE(backend) << backend.error().message;
    EXPECT_TRUE(backend->has_agent);
    EXPECT_TRUE(told.empty());
    xen::NicSpec nic;
    complete(nic, *backend);
    EXPECT_EQ(nic.bridge, "br-lan");
    EXPECT_EQ(nic.backend, "3");
    nic.bridge = "mine";
    complete(nic, *backend);
    EXPECT_EQ(nic.bridge, "mine");
}

TEST_F(BackendTest, AHostileBridgeNameIsNotUsed) {
    for (const char* name : {"../../x", "a,script=/evil", "sixteen-letters-", "a b"}) {
        xen::NicSpec nic;
        complete(nic, {3, "ndvm", true, name});
        EXPECT_EQ(nic.bridge, "") << name;
        EXPECT_EQ(nic.script, "");
    }
}

TEST_F(BackendTest, WaitsWhileItBootsAndStarts) {
    xenstored.write(home + "/libxl", "");
    std::thread agent([&] {
        while (xenstored.requests(xen::wire::Type::watch) < 1) std::this_thread::yield();
        xenstored.write(home + "/data/bulkhead/state", "starting");
        while (xenstored.requests(xen::wire::Type::watch) < 2) std::this_thread::yield();
        xenstored.write(home + "/data/bulkhead/state", "ready");
    });
    const auto backend = find();
    agent.join();
    ASSERT_TRUE(backend) << backend.error().message;
    EXPECT_EQ(told.size(), 2U);
}

TEST_F(BackendTest, ItsOwnFailureIsTheError) {
    xenstored.write(home + "/data/bulkhead/state", "failed: no network card");
    EXPECT_EQ(find().error().message, "driver domain 'ndvm' failed: no network card");
}

TEST_F(BackendTest, NeverReady) {
    xenstored.write(home + "/data/bulkhead/state", "starting");
    const auto backend = find(seconds(1));
    ASSERT_FALSE(backend);
    EXPECT_EQ(backend.error().code, ETIMEDOUT);
    EXPECT_NE(backend.error().message.find("is not ready after 1 s"), std::string::npos);
}

TEST_F(BackendTest, ForeignAgentsAreTakenAsTheyAre) {
    const auto plain = find(); // not even a driver domain: its own business
    ASSERT_TRUE(plain);
    EXPECT_FALSE(plain->has_agent);
    xenstored.write(home + "/libxl", "");
    xenstored.write(home + "/backend/vif/1/0/state", "4"); // xl devd, serving already
    EXPECT_TRUE(find());
    EXPECT_TRUE(told.empty());
}

TEST_F(BackendTest, DeadOrUnknown) {
    domains[1].shutdown = true;
    EXPECT_NE(find().error().message.find("has shut down"), std::string::npos);
    EXPECT_NE(find_backend(store, domains, "ndmv", seconds(1), progress).error().message.find("did you mean 'ndvm'"),
              std::string::npos);
    EXPECT_EQ(find_backend(store, domains, "", seconds(1), progress)->id, 0U);
}

TEST_F(BackendTest, NowOrNotYet) {
    const auto now = [&](const char* wanted) { return ready_backend(store, domains, wanted); };
    EXPECT_EQ((*now(""))->id, 0U);
    EXPECT_FALSE(*now("later")) << "a name may come";
    EXPECT_FALSE(now("77")) << "an id does not";
    xenstored.write(home + "/libxl", "");
    EXPECT_FALSE(*now("ndvm")) << "it boots";
    xenstored.write(home + "/data/bulkhead/state", "starting");
    EXPECT_FALSE(*now("ndvm"));
    xenstored.write(home + "/data/bulkhead/state", "failed: no network card");
    EXPECT_FALSE(now("ndvm")) << "this is for a person";
    xenstored.write(home + "/data/bulkhead/state", "ready");
    EXPECT_TRUE((*now("ndvm"))->has_agent);
    domains[1].dying = true;
    EXPECT_FALSE(*now("ndvm")) << "it may come back";
}
