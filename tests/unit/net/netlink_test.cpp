#include "net/netlink.hpp"

#include "net/fence.hpp"
#include "net/link_events.hpp"
#include "net/nftables.hpp"
#include "net/table_events.hpp"
#include "support/network_namespace.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <poll.h>

namespace bulkhead::net {
namespace {

class NetlinkTest : public testing::Test {
protected:
    void TearDown() override {
        const auto links = netlink.links();
        for (const Link& link : *links) {
            if (!link.loopback) (void)netlink.remove(link.index); // a veth's peer goes with it
        }
    }
    Link get(const std::string& name) {
        auto link = netlink.link(name);
        EXPECT_TRUE(link && *link) << name;
        return link && *link ? **link : Link{};
    }
    Netlink netlink = std::move(*Netlink::open());
};

TEST_F(NetlinkTest, ListsAndFinds) {
    const auto links = netlink.links();
    ASSERT_TRUE(links) << links.error().message;
    ASSERT_EQ(links->size(), 1U);
    EXPECT_EQ(links->front().name, "lo");
    EXPECT_TRUE(links->front().loopback);
    EXPECT_EQ(*netlink.link("nothing"), std::nullopt);
    EXPECT_EQ(*netlink.link("not a name"), std::nullopt);
    EXPECT_EQ(*netlink.link(4711), std::nullopt);
    EXPECT_EQ((*netlink.link(links->front().index))->name, "lo");
}

TEST_F(NetlinkTest, MakesABridgeThatForwardsAtOnce) {
    ASSERT_TRUE(netlink.create_bridge("xenbr0"));
    const Link bridge = get("xenbr0");
    EXPECT_EQ(bridge.kind, "bridge");
    EXPECT_TRUE(bridge.ethernet);
    EXPECT_FALSE(bridge.up);
    const Status again = netlink.create_bridge("xenbr0");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, EEXIST);
    EXPECT_TRUE(netlink.configure_bridge(bridge.index));
    EXPECT_EQ(netlink.create_bridge("not a name").error().code, EINVAL);
}

TEST_F(NetlinkTest, ChangesLinks) {
    ASSERT_TRUE(netlink.create_bridge("xenbr0"));
    ASSERT_TRUE(netlink.create("vif1.0", "veth"));
    const int bridge = get("xenbr0").index;
    const int index = get("vif1.0").index;
    LinkChange change;
    change.mac = vif_mac;
    change.mtu = 1400;
    change.master = bridge;
    change.up = true;
    change.alias = "vif1.0 of a client";
    ASSERT_TRUE(netlink.change(index, change));
    Link link = get("vif1.0");
    EXPECT_EQ(link.mac, vif_mac);
    EXPECT_EQ(link.mtu, 1400U);
    EXPECT_EQ(link.master, bridge);
    EXPECT_EQ(link.alias, "vif1.0 of a client");
    EXPECT_TRUE(link.up);
    EXPECT_FALSE(link.carrier) << "the peer is down";
    LinkChange down;
    down.up = false;
    down.master = 0;
    ASSERT_TRUE(netlink.change(index, down));
    LinkChange name;
    name.name = "client";
    ASSERT_TRUE(netlink.change(index, name));
    link = get("client");
    EXPECT_EQ(link.index, index);
    EXPECT_EQ(link.master, 0);
    EXPECT_FALSE(link.up);
    ASSERT_TRUE(netlink.remove(index));
    EXPECT_EQ(*netlink.link("client"), std::nullopt);
    EXPECT_EQ(netlink.remove(index).error().code, ENODEV);
}

TEST_F(NetlinkTest, ErrorsCarryTheKernelsText) {
    ASSERT_TRUE(netlink.create("a", "veth"));
    ASSERT_TRUE(netlink.create("b", "veth"));
    LinkChange change;
    change.master = get("b").index; // not a bridge
    const Status refused = netlink.change(get("a").index, change);
    ASSERT_FALSE(refused);
    LinkChange huge;
    huge.mtu = 100'000;
    const Status mtu = netlink.change(get("a").index, huge);
    ASSERT_FALSE(mtu);
    EXPECT_NE(mtu.error().message.find("mtu"), std::string::npos) << mtu.error().message;
    EXPECT_EQ(mtu.error().code, EINVAL);
}

TEST_F(NetlinkTest, EventsTellWhatHappens) {
    LinkEvents events = std::move(*LinkEvents::open());
    EXPECT_TRUE(events.take()->empty());
    ASSERT_TRUE(netlink.create("a", "veth"));
    pollfd fd{events.fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&fd, 1, 5000), 1);
    auto seen = *events.take();
    EXPECT_TRUE(std::any_of(seen.begin(), seen.end(), [](const LinkEvent& event) {
        return event.what == LinkEvent::What::changed && event.link.name == "a";
    }));
    ASSERT_TRUE(netlink.remove(get("a").index));
    ASSERT_EQ(::poll(&fd, 1, 5000), 1);
    seen = *events.take();
    EXPECT_TRUE(std::any_of(seen.begin(), seen.end(), [](const LinkEvent& event) {
        return event.what == LinkEvent::What::removed && event.link.name == "a";
    }));
}

// By programs of other names: in these tests nft.
TEST(TableEventsTest, TellWhatOthersDoToTheTable) {
    Nftables kernel;
    FencePort port;
    port.name = "vif1.0";
    port.mac = vif_mac;
    ASSERT_TRUE(kernel.apply(fence_rules({port}, Others::by_name)));
    TableEvents events = std::move(*TableEvents::open(fence_table));
    EXPECT_EQ(events.take().value(), false);
    const auto after = [&events](const char* command) {
        EXPECT_EQ(std::system(command), 0) << command; // NOLINT: one thread
        return events.take().value();                  // the kernel tells before its answer
    };
    ASSERT_TRUE(kernel.apply(fence_rules({port}, Others::by_name)));
    EXPECT_EQ(events.take().value(), false) << "our own";
    EXPECT_FALSE(after("nft add table inet another"));
    EXPECT_FALSE(after("nft add table inet bulkhead")) << "of another family";
    EXPECT_TRUE(after("nft flush table bridge bulkhead"));
    EXPECT_FALSE(after("nft delete table inet another"));
    EXPECT_TRUE(after("nft flush ruleset"));
    EXPECT_FALSE(after("nft flush ruleset")) << "there is none";
    ASSERT_TRUE(kernel.apply(no_fence()));
    EXPECT_EQ(events.take().value(), false);
}

} // namespace
} // namespace bulkhead::net
