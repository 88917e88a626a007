#include "agent/fence.hpp"

#include <gtest/gtest.h>

namespace bulkhead::agent {
namespace {

const VifId first{1, 0}, second{2, 0};

net::FencePort port(const std::string& name, const std::string& rules = "") {
    net::FencePort port;
    static_cast<net::PortRules&>(port) = *net::parse_port_rules(rules);
    port.name = name;
    return port;
}

class FenceOfVifs : public testing::Test {
protected:
    Fence fence{[this](const net::nft::Batch& batch) -> Status {
        ++applied;
        if (broken) return fail("no nf_tables", EOPNOTSUPP);
        table = batch.bytes(0).find("forward") != std::string::npos;
        return {};
    }};
    int applied = 0;
    bool broken = false, table = true; // an earlier agent's
};

TEST_F(FenceOfVifs, NoTableWithoutRules) {
    ASSERT_TRUE(fence.set(first, port("vif1.0")));
    EXPECT_TRUE(fence.changed());
    ASSERT_TRUE(fence.install());
    EXPECT_FALSE(table) << "what an earlier agent left is removed";
    EXPECT_TRUE(fence.covers(first, "vif1.0"));
    EXPECT_FALSE(fence.covers(first, "other"));
    EXPECT_FALSE(fence.covers(second, "vif2.0"));
}

TEST_F(FenceOfVifs, OneVifsRulesAreEverybodys) {
    ASSERT_TRUE(fence.set(first, port("vif1.0")));
    ASSERT_TRUE(fence.set(second, port("vif2.0", "types=a")));
    EXPECT_FALSE(fence.covers(second, "vif2.0"));
    ASSERT_TRUE(fence.install());
    EXPECT_TRUE(table);
    EXPECT_TRUE(fence.covers(first, "vif1.0"));
    EXPECT_TRUE(fence.covers(second, "vif2.0"));
    ASSERT_TRUE(fence.set(second, port("vif2.0", "types=b")));
    EXPECT_TRUE(fence.changed());
    EXPECT_FALSE(fence.covers(second, "vif2.0")) << "not yet";
    ASSERT_TRUE(fence.install());
    const int before = applied;
    ASSERT_TRUE(fence.set(second, port("vif2.0", "types=b")));
    EXPECT_FALSE(fence.changed());
    ASSERT_TRUE(fence.install());
    EXPECT_EQ(applied, before) << "nothing new";
    fence.forget(second);
    ASSERT_TRUE(fence.install());
    EXPECT_FALSE(table);
}

TEST_F(FenceOfVifs, AKernelThatCannotFailsClosed) {
    broken = true;
    ASSERT_TRUE(fence.set(first, port("vif1.0")));
    ASSERT_TRUE(fence.install()) << "nothing is asked of it";
    ASSERT_TRUE(fence.set(second, port("vif2.0", "mac=00:16:3e:00:00:01")));
    EXPECT_FALSE(fence.install());
    EXPECT_FALSE(fence.covers(second, "vif2.0"));
    EXPECT_TRUE(fence.covers(first, "vif1.0")) << "it has no rules, and there is no table";
    broken = false;
    ASSERT_TRUE(fence.install());
    EXPECT_TRUE(fence.covers(second, "vif2.0"));
    broken = true;
    ASSERT_TRUE(fence.set(first, port("vif1.0", "types=a")));
    EXPECT_FALSE(fence.install());
    EXPECT_FALSE(fence.covers(first, "vif1.0"));
    EXPECT_TRUE(fence.covers(second, "vif2.0")) << "the old table holds";
}

TEST_F(FenceOfVifs, NamesAreOfOne) {
    fence.set_uplink("eth0");
    EXPECT_FALSE(fence.set(first, port("eth0", "types=a")));
    ASSERT_TRUE(fence.set(first, port("tap", "types=a")));
    EXPECT_FALSE(fence.set(second, port("tap", "types=b")));
    ASSERT_TRUE(fence.install());
    EXPECT_TRUE(fence.covers(first, "tap"));
    EXPECT_FALSE(fence.covers(second, "tap"));
    fence.set_uplink("tap");
    ASSERT_TRUE(fence.install());
    EXPECT_FALSE(fence.covers(first, "tap"));
    fence.set_uplink("");
    fence.forget(first);
    EXPECT_TRUE(fence.set(second, port("tap", "types=b")));
}

} // namespace
} // namespace bulkhead::agent
