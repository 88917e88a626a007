#include "agent/vif_plan.hpp"

#include <gtest/gtest.h>

namespace bulkhead::agent {
namespace {

class VifPlanTest : public testing::Test {
protected:
    VifPlanTest() {
        links.kernel_name = "vif3.0";
        links.device.index = 7;
        links.device.name = "vif3.0";
        links.device.mac = net::vif_mac;
        links.device.mtu = 1500;
        links.bridge.emplace();
        links.bridge->index = 2;
        links.bridge->name = "xenbr0";
        links.bridge->kind = "bridge";
        links.bridge->mtu = 1500;
        links.bridges = {"xenbr0"};
    }
    VifPlan plan() { return plan_vif(request, links, "xenbr0"); }
    VifRequest request;
    VifLinks links;
};

TEST_F(VifPlanTest, ANewVifIsEnslavedAndStarted) {
    const VifPlan made = plan();
    EXPECT_TRUE(made.refusal.empty());
    EXPECT_FALSE(made.before);
    ASSERT_TRUE(made.change);
    EXPECT_EQ(made.change->master, 2);
    EXPECT_EQ(made.change->up, true);
    EXPECT_FALSE(made.change->mac || made.change->mtu || made.change->name || made.change->alias);
    EXPECT_EQ(made.mtu, 1500U);
}

TEST_F(VifPlanTest, AVifInServiceIsLeftAlone) {
    links.device.master = 2;
    links.device.up = true;
    const VifPlan made = plan();
    EXPECT_TRUE(made.refusal.empty());
    EXPECT_FALSE(made.before || made.change);
}

TEST_F(VifPlanTest, MacAndNameNeedTheLinkDown) {
    links.device.up = true;
    links.device.mac = {2, 0, 0, 0, 0, 1};
    request.vifname = "client";
    const VifPlan made = plan();
    ASSERT_TRUE(made.before && made.change);
    EXPECT_EQ(made.before->up, false);
    EXPECT_EQ(made.change->mac, net::vif_mac);
    EXPECT_EQ(made.change->name, "client");
    EXPECT_EQ(made.change->alias, "vif3.0");
    EXPECT_EQ(made.change->up, true);
}

TEST_F(VifPlanTest, AWrongBridgeIsNamedWithThoseThatExist) {
    request.bridge = "foo";
    links.bridge.reset();
    EXPECT_EQ(plan().refusal, "bridge 'foo' does not exist in this driver domain; it has: xenbr0");
    links.bridges.clear();
    EXPECT_EQ(plan().refusal, "bridge 'foo' does not exist in this driver domain; it has: none");
    request.bridge = "bad\nname";
    EXPECT_EQ(plan().refusal, "bridge 'bad\\x0aname' does not exist in this driver domain; it has: none");
}

TEST_F(VifPlanTest, ALinkThatIsNoBridgeIsRefused) {
    request.bridge = "eth0";
    links.bridge->name = "eth0";
    links.bridge->kind = "";
    EXPECT_NE(plan().refusal.find("not a bridge"), std::string::npos);
}

TEST_F(VifPlanTest, VifnamesAreChecked) {
    for (const char* bad : {"a/b", "..", "sixteen--letters", "a b", "vif%d", "vif4.0", "xenbr0", "lo"}) {
        request.vifname = bad;
        EXPECT_FALSE(plan().refusal.empty()) << bad;
    }
    request.vifname = "eth0";
    links.namesake.emplace();
    EXPECT_NE(plan().refusal.find("taken"), std::string::npos);
    links.namesake.reset();
    EXPECT_TRUE(plan().refusal.empty());
    request.vifname = "vif3.0"; // its own
    EXPECT_TRUE(plan().refusal.empty());
    request.vifname = "vif-client"; // only vifN.N is netback's
    EXPECT_TRUE(plan().refusal.empty());
}

TEST_F(VifPlanTest, Mtu) {
    request.mtu = "9000";
    EXPECT_EQ(plan().change->mtu, 9000U);
    EXPECT_EQ(plan().mtu, 9000U);
    for (const char* bad : {"67", "65536", "x", "-1", "1500 "}) {
        request.mtu = bad;
        EXPECT_NE(plan().refusal.find("mtu"), std::string::npos) << bad;
    }
    request.mtu = "";
    links.device.mtu = 1400;
    EXPECT_EQ(plan().change->mtu, 1500U);
}

TEST(BackendStates, Parse) {
    EXPECT_EQ(parse_state("4"), BackendState::connected);
    EXPECT_EQ(parse_state("0"), BackendState::unknown);
    for (const char* bad : {"", "9", "-1", "connected", "4\n"}) EXPECT_FALSE(parse_state(bad)) << bad;
}

} // namespace
} // namespace bulkhead::agent
