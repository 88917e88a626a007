#include "agent/settings.hpp"

#include <gtest/gtest.h>

namespace bulkhead::agent {
namespace {

TEST(Settings, Defaults) {
    const Settings settings = parse_settings("root=/dev/ram0 console=hvc0 quiet\n");
    EXPECT_EQ(settings.bridge, "xenbr0");
    EXPECT_EQ(settings.nic, Settings::Nic::any);
    EXPECT_EQ(settings.heartbeat.count(), 1);
    EXPECT_TRUE(settings.complaints.empty());
}

TEST(Settings, TakesOursAndTheLastOneWins) {
    const Settings settings =
        parse_settings("bulkhead.bridge=br1 bulkhead.nic=none bulkhead.heartbeat=5 bulkhead.bridge=br2 bulkhead.debug");
    EXPECT_EQ(settings.bridge, "br2");
    EXPECT_EQ(settings.nic, Settings::Nic::none);
    EXPECT_EQ(settings.heartbeat.count(), 5);
    EXPECT_TRUE(settings.debug);
    EXPECT_EQ(parse_settings("-- bulkhead.bridge=br1").bridge, "xenbr0");
}

TEST(Settings, BadValuesAreSaidAndIgnored) {
    for (const char* bad : {"bulkhead.bridge=", "bulkhead.bridge=a/b", "bulkhead.bridge=sixteen--letters",
                            "bulkhead.nic=eth0", "bulkhead.nic", "bulkhead.heartbeat=0", "bulkhead.heartbeat=-1",
                            "bulkhead.heartbeat=3601", "bulkhead.brigde=x"}) {
        const Settings settings = parse_settings(bad);
        ASSERT_EQ(settings.complaints.size(), 1U) << bad;
        EXPECT_NE(settings.complaints[0].find(bad), std::string::npos);
        EXPECT_EQ(settings.bridge, "xenbr0");
        EXPECT_EQ(settings.nic, Settings::Nic::any);
        EXPECT_EQ(settings.heartbeat.count(), 1);
    }
}

} // namespace
} // namespace bulkhead::agent
