#include "net/link.hpp"

#include <gtest/gtest.h>

namespace bulkhead::net {
namespace {

TEST(MacAddress, ParsesAndFormats) {
    EXPECT_EQ(*parse_mac("fe:ff:ff:ff:ff:ff"), vif_mac);
    EXPECT_EQ(format_mac(*parse_mac("00:16:3E:0a:bC:9d")), "00:16:3e:0a:bc:9d");
    for (const char* bad : {"", "00:16:3e:00:00", "00:16:3e:00:00:0", "00-16-3e-00-00-00",
                            "00:16:3e:00:00:00:", "0g:16:3e:00:00:00", "00:16:3e:00:00 00", "::::::::::::::::::"}) {
        EXPECT_FALSE(parse_mac(bad)) << bad;
    }
}

TEST(LinkName, FollowsTheKernelsRules) {
    for (const char* good : {"eth0", "vif1.0", "xenbr0", "fifteen-letters"}) EXPECT_TRUE(valid_link_name(good)) << good;
    for (const char* bad : {"", ".", "..", "a/b", "a:b", "a b", "a\n", "vif%d", "sixteen--letters", "\xc3\xa4"}) {
        EXPECT_FALSE(valid_link_name(bad)) << bad;
    }
}

} // namespace
} // namespace bulkhead::net
