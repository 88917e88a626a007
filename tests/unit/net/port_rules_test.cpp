#include "net/port_rules.hpp"

#include <gtest/gtest.h>

namespace bulkhead::net {
namespace {

TEST(PortRules, WhatIsPrintedIsRead) {
    for (const char* text : {"", "mac=00:16:3e:00:00:30", "types=", "types=A-Bank,res_HardDrive(hda)",
                             "mac=00:16:3e:00:00:30 ip=10.0.0.5,fd00::5 types=A,B"}) {
        const auto rules = parse_port_rules(text);
        ASSERT_TRUE(rules) << text << rules.error().message;
        EXPECT_EQ(*print_port_rules(*rules), text);
    }
    EXPECT_EQ(*print_port_rules(*parse_port_rules("types=b,a,b  ip=::1,::1 mac=02:00:00:00:00:01")),
              "mac=02:00:00:00:00:01 ip=::1 types=a,b");
    EXPECT_TRUE(parse_port_rules("")->none());
    EXPECT_FALSE(parse_port_rules("types=")->none());
}

TEST(PortRules, Refused) {
    for (const char* text :
         {"mac", "mac=", "mac=01:00:00:00:00:01", "mac=1", "mac=00:16:3e:00:00:30 mac=00:16:3e:00:00:31", "ip=10.0.0.1",
          "mac=00:16:3e:00:00:30 ip=", "mac=00:16:3e:00:00:30 ip=10.0.0.0/8", "mac=00:16:3e:00:00:30 ip=10.0.0.256",
          "mac=00:16:3e:00:00:30 ip=10.0.0.1,", "types=a types=b", "types=a,,b", "types=\x01", "types=\xc3\xa4",
          "vlan=1"}) {
        EXPECT_FALSE(parse_port_rules(text)) << text;
    }
    EXPECT_FALSE(parse_port_rules("types=" + std::string(port_rules_max, 'a')));
    PortRules many;
    many.types = {std::string(port_rules_max, 'a')};
    EXPECT_FALSE(print_port_rules(many));
    many.types = {"a b"};
    EXPECT_FALSE(print_port_rules(many));
    PortRules full;
    for (unsigned i = 0; i < port_addresses_max; ++i) ASSERT_TRUE(add_address(full, "10.0.0." + std::to_string(i)));
    EXPECT_FALSE(add_address(full, "10.0.1.0"));
    EXPECT_TRUE(add_address(full, "10.0.0.1")) << "known already";
    EXPECT_FALSE(add_address(full, std::string_view("10.0.0.1\0", 9)));
}

} // namespace
} // namespace bulkhead::net
