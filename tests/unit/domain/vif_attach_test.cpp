#include "domain/vif_attach.hpp"

#include "support/fake_xenstored.hpp"
#include <cerrno>
#include <gtest/gtest.h>

#include <thread>

using namespace bulkhead;
using namespace bulkhead::domain;

namespace {

VifState state(const char* backend, const char* frontend, const char* status, const char* error = "") {
    return {backend, frontend, status, error, true};
}

} // namespace

TEST(FreeDevid, IsTheLowestThatNoVifHasOrWaitsFor) {
    xen::NicInfo first, third;
    third.devid = 2;
    EXPECT_EQ(free_devid({}, {}), 0u);
    EXPECT_EQ(free_devid({first, third}, {}), 1u);
    EXPECT_EQ(free_devid({third}, {0}), 1u);
    EXPECT_EQ(free_devid({first, third}, {1}), 3u);
}

TEST(Judge, ConnectedNeedsBothEnds) {
    EXPECT_EQ(judge(state("4", "4", "connected"), "ndvm", "web").verdict, Verdict::connected);
    EXPECT_EQ(judge(state("4", "3", "connected"), "ndvm", "web").verdict, Verdict::wait);
    EXPECT_EQ(judge(state("2", "4", "connected"), "ndvm", "web").verdict, Verdict::wait);
}

TEST(Judge, WithoutItsRulesItIsNotConnected) {
    VifState now = state("4", "4", "connected");
    now.rules_in_force = false;
    EXPECT_EQ(judge(now, "ndvm", "web").verdict, Verdict::wait);
    EXPECT_NE(judge(now, "ndvm", "web").reason.find("rules are in force"), std::string::npos);
}

TEST(Judge, TheDriverDomainsErrorComesFirst) {
    const auto judgement = judge(state("4", "4", "error", "bridge 'x' does not exist"), "ndvm", "web");
    EXPECT_EQ(judgement.verdict, Verdict::failed);
    EXPECT_EQ(judgement.reason, "driver domain 'ndvm' refused the vif: bridge 'x' does not exist");
    EXPECT_EQ(judge(state("2", "1", "", "no such link"), "ndvm", "web").verdict,
              Verdict::failed); // text first, status later
}

TEST(Judge, SaysWhichSideIsMissing) {
    EXPECT_NE(judge(state("1", "1", ""), "ndvm", "web").reason.find("backend in 'ndvm' has not taken it up"),
              std::string::npos);
    EXPECT_NE(judge(state("2", "1", ""), "ndvm", "web").reason.find("does bulkhead-agent run there"),
              std::string::npos);
    EXPECT_NE(judge(state("2", "1", "connected"), "ndvm", "web")
                  .reason.find("frontend in 'web' has not connected (state: initialising)"),
              std::string::npos);
    EXPECT_NE(judge(state("2", "bogus", "connected"), "ndvm", "web").reason.find("no state"), std::string::npos);
    EXPECT_EQ(judge(state("6", "4", "connected"), "ndvm", "web").verdict, Verdict::failed);
    EXPECT_EQ(judge({"", "1", "", "", false}, "ndvm", "web").verdict, Verdict::failed);
}

TEST(WaitPlugged, FollowsTheDriverDomain) {
    test::FakeXenstored xenstored;
    const std::string path = "/local/domain/3/backend/vif/5/0";
    xenstored.write(path + "/state", "2");
    xenstored.write(path + "/hotplug-status", "");
    auto store = xen::Store::adopt(xenstored.connect());
    ASSERT_TRUE(store);
    std::thread agent([&] { xenstored.write(path + "/hotplug-status", "connected"); });
    EXPECT_TRUE(wait_plugged(*store, 5, 0, {3, "ndvm", true, ""}));
    agent.join();
    xenstored.write(path + "/hotplug-error", "bridge 'x' does not exist");
    xenstored.write(path + "/hotplug-status", "error");
    const Status refused = wait_plugged(*store, 5, 0, {3, "ndvm", true, ""});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "driver domain 'ndvm' refused the vif: bridge 'x' does not exist");
}

TEST(ConfiguredVif, HasItsPlaceOrItsOwnNumber) {
    std::vector<xen::NicSpec> nics(3);
    nics[0].bridge = "a";
    nics[1].bridge = "b";
    nics[1].devid = 5;
    nics[2].bridge = "c";
    EXPECT_EQ(configured_vif(nics, 0)->bridge, "a");
    EXPECT_EQ(configured_vif(nics, 5)->bridge, "b");
    EXPECT_EQ(configured_vif(nics, 2)->bridge, "c");
    EXPECT_EQ(configured_vif(nics, 2)->devid, 2U);
    EXPECT_FALSE(configured_vif(nics, 1));
}
