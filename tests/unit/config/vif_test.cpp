#include "config/vif.hpp"

#include <gtest/gtest.h>

using namespace bulkhead;

namespace {

std::string error_of(const std::string& text) {
    xen::NicSpec nic;
    const Status parsed = config::parse_vif(text, nic);
    return parsed ? "no error" : parsed.error().message;
}

} // namespace

TEST(Vif, RulesOfOurs) {
    xen::NicSpec nic;
    ASSERT_TRUE(config::parse_vif("antispoof=0,types=b:a", nic));
    EXPECT_EQ(nic.antispoof, false);
    EXPECT_EQ(nic.types, (std::vector<std::string>{"b", "a"}));
    EXPECT_EQ(config::print_vif(nic), "antispoof=0,types=b:a");
    ASSERT_TRUE(config::parse_vif("types=", nic));
    EXPECT_TRUE(nic.types->empty());
    EXPECT_EQ(config::print_vif(nic), "antispoof=0,types=");
    EXPECT_FALSE(config::parse_vif("antispoof=yes", nic));
    EXPECT_FALSE(config::parse_vif("types=a::b", nic));
}

TEST(Vif, ReadsEveryKey) {
    xen::NicSpec nic;
    ASSERT_TRUE(
        config::parse_vif(" mac=00:16:3e:0a:0b:0c, bridge=br0,backend=ndvm,script=vif-route,ip=10.0.0.1,vifname=web0,"
                          "gatewaydev=eth1,rate=10MB/s@20ms,mtu=9000,devid=3,model=e1000,type=vif,untrusted",
                          nic));
    EXPECT_EQ(nic.mac, "00:16:3e:0a:0b:0c");
    EXPECT_EQ(nic.bridge, "br0");
    EXPECT_EQ(nic.backend, "ndvm");
    EXPECT_EQ(nic.ip, "10.0.0.1");
    EXPECT_EQ(nic.vifname, "web0");
    EXPECT_EQ(nic.gatewaydev, "eth1");
    EXPECT_EQ(nic.rate, "10MB/s@20ms");
    EXPECT_EQ(nic.mtu, 9000U);
    EXPECT_EQ(nic.devid, 3U);
    EXPECT_EQ(nic.trusted, false);
}

TEST(Vif, PrintsWhatItReads) {
    for (const char* text :
         {"",
          "devid=3,mac=00:16:3e:0a:0b:0c,bridge=br0,backend=ndvm,script=vif-route,ip=10.0.0.1,vifname=web0,"
          "gatewaydev=eth1,model=e1000,type=vif,rate=10MB/s@20ms,mtu=9000,untrusted",
          "trusted"}) {
        xen::NicSpec nic;
        ASSERT_TRUE(config::parse_vif(text, nic));
        EXPECT_EQ(config::print_vif(nic), text);
    }
}

TEST(Vif, SaysWhatIsWrong) {
    EXPECT_EQ(error_of("mac=00:16:3e:00:00"), "mac: '00:16:3e:00:00' is not an address such as 00:16:3e:01:02:03");
    EXPECT_EQ(error_of("mac=01:16:3e:00:00:01"),
              "mac: '01:16:3e:00:00:01' is a multicast address; the first byte must be even");
    EXPECT_EQ(error_of("mtu=67"), "mtu: '67' is not a number from 68 to 65535");
    EXPECT_EQ(error_of("mtu=-1"), "mtu: '-1' is not a number from 68 to 65535");
    EXPECT_NE(error_of("bridge=a/b").find("is not an interface name"), std::string::npos);
    EXPECT_NE(error_of("bridge=sixteen-letters-").find("is not an interface name"), std::string::npos);
    EXPECT_NE(error_of("vifname=").find("is not an interface name"), std::string::npos);
    EXPECT_NE(error_of("backend").find("'backend' is not KEY=VALUE"), std::string::npos);
    EXPECT_NE(error_of("rate=fast").find("rate: 'fast'"), std::string::npos);
    EXPECT_EQ(error_of("type=tap"), "type: 'tap' must be vif or ioemu");
    EXPECT_EQ(error_of("script="), "script: has no value");
    EXPECT_NE(error_of("ip=" + std::string(2000, '1')).find("longer than"), std::string::npos);
}

TEST(Vif, WordsOfColoAndOfXm) {
    xen::NicSpec nic;
    ASSERT_TRUE(config::parse_vif("forwarddev=eth1,colo_sock_mirror_port=9003,type=netfront,accel=x", nic));
    ASSERT_EQ(nic.colo.size(), 2U);
    EXPECT_EQ(nic.colo[1].first, "colo_sock_mirror_port");
    EXPECT_EQ(nic.colo[1].second, "9003");
    EXPECT_EQ(nic.type, "");
    ASSERT_TRUE(config::parse_vif("ip=10.0.0.1 , bridge=br0 ", nic)); // as xen-tools writes it; xl keeps the blank
    EXPECT_EQ(nic.ip, "10.0.0.1 ");
    EXPECT_EQ(nic.bridge, "br0");
    EXPECT_FALSE(config::parse_vif("colo_sock_mirror_prt=9003", nic));
}
