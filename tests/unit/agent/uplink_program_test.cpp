// Bridge, network card and what the agent publishes. A veth with a device behind it in a made-up /sys stands for a
// card.
#include "agent_fixture.hpp"

#include "base/mac_address.hpp"

namespace bulkhead::agent {
namespace {

namespace fs = std::filesystem;

class AgentUplink : public AgentFixture {
protected:
    void make_card_known(const std::string& name) {
        const fs::path sys = folder / "sys";
        const fs::path device = sys / "devices/pci0000:00/0000:00:00.0";
        fs::create_directories(device);
        fs::create_directories(sys / "bus/pci/drivers/e1000e");
        fs::create_directories(sys / "class/net" / name);
        if (!fs::exists(device / "driver")) {
            fs::create_symlink(sys / "bus/pci/drivers/e1000e", device / "driver");
            fs::create_symlink(sys / "bus/pci", device / "subsystem");
        }
        fs::create_symlink(device, sys / "class/net" / name / "device");
    }
    void plug(const std::string& name) {
        make_card_known(name);
        ASSERT_TRUE(netlink.create(name, "veth"));
    }
};

TEST_F(AgentUplink, AnEmptyBridgeIsReadyWhenNoCardIsWanted) {
    start_ready("bulkhead.nic=none bulkhead.bridge=br7");
    EXPECT_EQ(link("br7").kind, "bridge");
    EXPECT_TRUE(link("br7").up);
    EXPECT_EQ(read("data/bulkhead/version"), BULKHEAD_VERSION);
    EXPECT_EQ(read("data/bulkhead/bridge"), "br7");
    EXPECT_EQ(read("data/bulkhead/nic/name"), "(none)");
    EXPECT_GT(std::stoul(read("data/bulkhead/timing/init")), 0U);
    EXPECT_GE(std::stoul(read("data/bulkhead/timing/ready")), std::stoul(read("data/bulkhead/timing/init")));
    EXPECT_TRUE(
        server.wait_until([&] { return std::stoul("0" + read("data/bulkhead/memory/total").substr(0, 9)) > 0; }));
}

TEST_F(AgentUplink, TheHeartbeatMoves) {
    start_ready();
    EXPECT_TRUE(published("heartbeat", "3"));
}

TEST_F(AgentUplink, WaitsForItsCardAndTakesItWhenItComes) {
    start("");
    ASSERT_TRUE(server.wait_until([&] { return link("xenbr0").up; }));
    let_it_work();
    EXPECT_EQ(read("data/bulkhead/state"), "starting");
    plug("eth0");
    ASSERT_TRUE(published("state", "ready"));
    EXPECT_EQ(link("eth0").master, link("xenbr0").index);
    EXPECT_TRUE(link("eth0").up);
    EXPECT_EQ(read("data/bulkhead/nic/name"), "eth0");
    EXPECT_EQ(read("data/bulkhead/nic/driver"), "e1000e");
    EXPECT_EQ(read("data/bulkhead/nic/pci"), "0000:00:00.0");
    EXPECT_EQ(read("data/bulkhead/nic/mac"), format_mac(link("eth0").mac));
    EXPECT_EQ(read("data/bulkhead/nic/link"), "down");
    // The cable: the peer comes up.
    const auto links = netlink.links();
    for (const net::Link& peer : *links) {
        if (peer.kind != "veth" || peer.name == "eth0") continue;
        net::LinkChange change;
        change.up = true;
        ASSERT_TRUE(netlink.change(peer.index, change));
    }
    EXPECT_TRUE(published("nic/link", "up"));
    // Unplugged, and back.
    ASSERT_TRUE(netlink.remove(link("eth0").index));
    EXPECT_TRUE(published("state", "failed: the network card of bridge xenbr0 is gone"));
    EXPECT_TRUE(published("nic/name", std::nullopt));
    ASSERT_TRUE(netlink.create("eth0", "veth"));
    EXPECT_TRUE(published("state", "ready"));
    EXPECT_EQ(link("eth0").master, link("xenbr0").index);
}

TEST_F(AgentUplink, SaysWhenThePciFrontendHasClosed) {
    start("");
    ASSERT_TRUE(published("state", "starting"));
    const std::string state = home + "device/pci/0/state";
    server.write(state, "1");
    server.write(state, "3");
    let_it_work();
    EXPECT_EQ(read("data/bulkhead/state"), "starting");
    server.write(state, "5");
    ASSERT_TRUE(server.wait_until([&] { return read("data/bulkhead/state").starts_with("failed: the PCI frontend"); }));
    server.write(state, "1"); // the toolstack gives it another one
    EXPECT_TRUE(published("state", "starting"));
}

TEST_F(AgentUplink, OneCardIsTheUplinkAndStaysIt) {
    plug("eth0");
    plug("eth1");
    start_ready("");
    EXPECT_EQ(link("eth0").master, link("xenbr0").index);
    EXPECT_EQ(link("eth1").master, 0);
    kill_agent();
    start_ready("");
    let_it_work();
    EXPECT_EQ(link("eth1").master, 0) << "the card in the bridge is adopted";
}

TEST_F(AgentUplink, ALinkWithTheBridgesNameIsAnError) {
    ASSERT_TRUE(netlink.create("xenbr0", "veth"));
    start();
    ASSERT_TRUE(server.wait_until([&] { return read("data/bulkhead/state").starts_with("failed: "); }));
    EXPECT_NE(read("data/bulkhead/state").find("is not a bridge"), std::string::npos);
    ASSERT_TRUE(netlink.remove(link("xenbr0").index));
    EXPECT_TRUE(published("state", "ready")) << "cured";
}

TEST_F(AgentUplink, SaysStoppingWhenItIsAskedToStop) {
    start_ready();
    agent->kill(SIGTERM);
    EXPECT_EQ(*agent->wait(), 0);
    EXPECT_EQ(read("data/bulkhead/state"), "stopping");
}

TEST_F(AgentUplink, RunsWhenItMayNotPublish) {
    server.set_permissions(home + "data", {{0, false, false}});
    start();
    attach({1, 0});
    ASSERT_TRUE(server.wait_until([&] { return link("xenbr0").up; }));
    probe({1, 0});
    EXPECT_TRUE(becomes({1, 0}, "hotplug-status", "connected"));
    server.set_permissions(home + "data", {{domain, false, false}});
    EXPECT_TRUE(published("state", "ready")) << "said again as soon as it can be";
}

} // namespace
} // namespace bulkhead::agent
