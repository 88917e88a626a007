// The vif life cycle, end to end, against the real kernel's bridges.
#include "agent_fixture.hpp"

#include "net/link_events.hpp"
#include "support/network_namespace.hpp"

namespace bulkhead::agent {
namespace {

const VifId vif{1, 0};

class AgentVifs : public AgentFixture {};

TEST_F(AgentVifs, ConnectsAVif) {
    start_ready();
    attach(vif);
    let_it_work();
    EXPECT_EQ(get(vif, "hotplug-status"), "") << "not before netback has made the link";
    probe(vif);
    ASSERT_TRUE(becomes(vif, "hotplug-status", "connected"));
    EXPECT_TRUE(in_service("vif1.0"));
    EXPECT_EQ(get(vif, "hotplug-error"), "(none)");
    EXPECT_EQ(link("vif1.0").mtu, 1500U);
}

TEST_F(AgentVifs, FindsVifsThatWereThereBefore) {
    attach(vif);
    probe(vif);
    attach({1, 1});
    start_ready();
    EXPECT_TRUE(becomes(vif, "hotplug-status", "connected"));
    probe({1, 1});
    EXPECT_TRUE(becomes({1, 1}, "hotplug-status", "connected"));
}

TEST_F(AgentVifs, AStaleLinkInState1IsNotTaken) {
    start_ready();
    ASSERT_TRUE(netlink.create("vif1.0", "veth"));
    attach(vif);
    let_it_work();
    EXPECT_EQ(get(vif, "hotplug-status"), "");
    EXPECT_FALSE(in_service("vif1.0"));
    set(vif, "state", "2");
    EXPECT_TRUE(becomes(vif, "hotplug-status", "connected"));
}

TEST_F(AgentVifs, SetsMtuAndTellsTheFrontend) {
    start_ready();
    server.write("/local/domain/1/device/vif/0/mtu", "1500");
    server.set_permissions("/local/domain/1/device/vif/0/mtu", {{domain, false, false}, {1, true, false}});
    attach(vif, {{"mtu", "1400"}});
    probe(vif);
    ASSERT_TRUE(becomes(vif, "hotplug-status", "connected"));
    EXPECT_EQ(link("vif1.0").mtu, 1400U);
    EXPECT_TRUE(server.wait_for("/local/domain/1/device/vif/0/mtu", "1400"));
}

TEST_F(AgentVifs, RefusesAWrongBridgeAndRecoversWhenItAppears) {
    start_ready();
    attach(vif, {{"bridge", "foo"}});
    probe(vif);
    ASSERT_TRUE(becomes(vif, "hotplug-status", "error"));
    EXPECT_EQ(get(vif, "hotplug-error"), "bridge 'foo' does not exist in this driver domain; it has: xenbr0");
    EXPECT_EQ(link("vif1.0").master, 0);
    ASSERT_TRUE(netlink.create_bridge("foo"));
    ASSERT_TRUE(becomes(vif, "hotplug-status", "connected"));
    EXPECT_EQ(get(vif, "hotplug-error"), "(none)");
    EXPECT_TRUE(in_service("vif1.0", "foo"));
}

TEST_F(AgentVifs, MovesAVifWhenItsBridgeNodeChanges) {
    ASSERT_TRUE(netlink.create_bridge("other"));
    start_ready();
    attach(vif);
    probe(vif);
    ASSERT_TRUE(becomes(vif, "hotplug-status", "connected"));
    set(vif, "bridge", "other");
    EXPECT_TRUE(server.wait_until([&] { return in_service("vif1.0", "other"); }));
    set(vif, "bridge", "nothing");
    EXPECT_TRUE(becomes(vif, "hotplug-status", "error"));
    EXPECT_TRUE(server.wait_until([&] { return link("vif1.0").master == 0; }))
        << "it must not stay where it is not wanted";
}

TEST_F(AgentVifs, RenamesAndRefusesBadNames) {
    start_ready();
    attach(vif, {{"vifname", "client"}});
    probe(vif);
    ASSERT_TRUE(becomes(vif, "hotplug-status", "connected"));
    EXPECT_TRUE(in_service("client"));
    EXPECT_EQ(link("vif1.0").index, 0);
    unsigned device = 1;
    for (const char* bad : {"xenbr0", "client", "a/b", "vif7.0"}) {
        const VifId other{1, device++};
        attach(other, {{"vifname", bad}});
        probe(other);
        EXPECT_TRUE(becomes(other, "hotplug-status", "error")) << bad;
        EXPECT_NE(get(other, "hotplug-error").find("vifname"), std::string::npos) << get(other, "hotplug-error");
        EXPECT_EQ(link(other.link_name(other.device)).master, 0);
    }
    EXPECT_TRUE(in_service("client")) << "the first one is not disturbed";
}

TEST_F(AgentVifs, SaysWhatTheKernelRefuses) {
    start_ready();
    attach(vif);
    set(vif, "state", "2");
    ASSERT_TRUE(netlink.create_bridge("vif1.0")); // a bridge cannot be a port of a bridge
    ASSERT_TRUE(becomes(vif, "hotplug-status", "error"));
    EXPECT_NE(get(vif, "hotplug-error").find("cannot put vif1.0 on its bridge: "), std::string::npos);
    EXPECT_NE(get(vif, "hotplug-error").find("enslave a bridge to a bridge"), std::string::npos)
        << get(vif, "hotplug-error");
    attach({1, 1}, {{"mtu", "70000"}});
    probe({1, 1});
    ASSERT_TRUE(becomes({1, 1}, "hotplug-status", "error"));
    EXPECT_EQ(get({1, 1}, "hotplug-error"), "mtu '70000' is not a number from 68 to 65535");
}

TEST_F(AgentVifs, WritesConnectedAgainWhenTheFrontendReconnects) {
    start_ready();
    attach(vif);
    probe(vif);
    ASSERT_TRUE(becomes(vif, "hotplug-status", "connected"));
    set(vif, "state", "4");
    // The client's driver is reloaded: closed but online, then netback starts over; some versions drop the node.
    for (const char* state : {"5", "6"}) set(vif, "state", state);
    server.remove(home + vif.path() + "/hotplug-status");
    let_it_work();
    EXPECT_EQ(get(vif, "hotplug-status"), "(none)") << "a closed vif is not connected";
    EXPECT_TRUE(server.exists(home + vif.path())) << "it is online: it stays";
    set(vif, "state", "2");
    EXPECT_TRUE(becomes(vif, "hotplug-status", "connected"));
    EXPECT_TRUE(in_service("vif1.0"));
}

TEST_F(AgentVifs, HealsALinkThatSomethingTookDown) {
    start_ready();
    attach(vif);
    probe(vif);
    ASSERT_TRUE(becomes(vif, "hotplug-status", "connected"));
    net::LinkChange change;
    change.master = 0;
    change.up = false;
    ASSERT_TRUE(netlink.change(link("vif1.0").index, change));
    EXPECT_TRUE(server.wait_until([&] { return in_service("vif1.0"); }));
}

TEST_F(AgentVifs, RemovesWhatTheToolstackTakesAway) {
    start_ready();
    // A toolstack that lets the driver domain own the parents (newer libxl cleans them up itself).
    attach(vif);
    attach({1, 1});
    server.set_permissions(home + "backend/vif/1", {{domain, false, false}});
    probe(vif);
    probe({1, 1});
    ASSERT_TRUE(becomes(vif, "hotplug-status", "connected"));
    ASSERT_TRUE(becomes({1, 1}, "hotplug-status", "connected"));
    set(vif, "state", "4");
    set(vif, "online", "0");
    set(vif, "state", "5");
    let_it_work();
    EXPECT_TRUE(server.exists(home + vif.path())) << "the toolstack waits to see state 6";
    set(vif, "state", "6");
    EXPECT_TRUE(server.wait_for(home + vif.path(), std::nullopt));
    EXPECT_TRUE(server.exists(home + "backend/vif/1/1")) << "the other vif stays";
    EXPECT_EQ(link("vif1.0").master, 0);
    set({1, 1}, "online", "0");
    set({1, 1}, "state", "6");
    EXPECT_TRUE(server.wait_for(home + "backend/vif/1", std::nullopt)) << "the empty parent goes too";
    EXPECT_TRUE(server.exists(home + "backend/vif"));
}

TEST_F(AgentVifs, AParentThatIsNotOursStaysWithoutFuss) {
    start_ready();
    attach(vif);
    probe(vif);
    ASSERT_TRUE(becomes(vif, "hotplug-status", "connected"));
    set(vif, "online", "0");
    set(vif, "state", "6");
    ASSERT_TRUE(server.wait_for(home + vif.path(), std::nullopt));
    let_it_work();
    EXPECT_TRUE(server.exists(home + "backend/vif/1"));
    EXPECT_EQ(read("data/bulkhead/state"), "ready");
}

TEST_F(AgentVifs, ClosesABackendThatNetbackDoesNotHold) {
    start_ready();
    attach(vif);
    set(vif, "online", "0");
    set(vif, "state", "5");
    ASSERT_TRUE(server.wait_for(home + vif.path(), std::nullopt, 5s)) << "or the toolstack waits for its deadline";
}

TEST_F(AgentVifs, CleansUpBehindADirectoryThatVanishes) {
    start_ready();
    attach(vif);
    probe(vif);
    ASSERT_TRUE(becomes(vif, "hotplug-status", "connected"));
    server.remove(home + vif.path());
    EXPECT_TRUE(server.wait_until([&] { return link("vif1.0").master == 0 && !link("vif1.0").up; }));
    let_it_work();
    EXPECT_FALSE(server.exists(home + vif.path())) << "no ghost may be written";
    // The toolstack writes it again, as reincarnation does.
    attach(vif);
    set(vif, "state", "2");
    EXPECT_TRUE(becomes(vif, "hotplug-status", "connected"));
    EXPECT_TRUE(in_service("vif1.0"));
}

TEST_F(AgentVifs, SaysWhyThereIsNoLink) {
    link_deadline = 200ms;
    start_ready();
    attach(vif);
    ASSERT_TRUE(becomes(vif, "hotplug-status", "error"));
    EXPECT_NE(get(vif, "hotplug-error").find("vif1.0"), std::string::npos);
    EXPECT_NE(get(vif, "hotplug-error").find("xen-netback"), std::string::npos);
    probe(vif); // late, but it comes
    EXPECT_TRUE(becomes(vif, "hotplug-status", "connected"));
    server.remove(home + "backend/vif/1/2");
    attach({1, 2});
    server.remove(home + "backend/vif/1/2/script");
    ASSERT_TRUE(becomes({1, 2}, "hotplug-status", "error"));
    EXPECT_NE(get({1, 2}, "hotplug-error").find("script"), std::string::npos);
    // Written again: a new life with a new deadline.
    server.remove(home + "backend/vif/1/2");
    attach({1, 2});
    EXPECT_EQ(get({1, 2}, "hotplug-status"), "");
    EXPECT_TRUE(becomes({1, 2}, "hotplug-status", "error"));
}

TEST_F(AgentVifs, PassesOnWhatNetbackReports) {
    start_ready();
    server.write(home + "error/backend/vif/1/0/error", "22 reading script");
    attach(vif, {{"state", "5"}});
    ASSERT_TRUE(becomes(vif, "hotplug-status", "error"));
    EXPECT_EQ(get(vif, "hotplug-error"), "xen-netback gave up: 22 reading script");
}

TEST_F(AgentVifs, AKilledAgentAdoptsWithoutDisturbingTraffic) {
    start_ready();
    attach(vif);
    probe(vif);
    attach({1, 1}, {{"vifname", "client"}});
    probe({1, 1});
    ASSERT_TRUE(becomes(vif, "hotplug-status", "connected"));
    ASSERT_TRUE(becomes({1, 1}, "hotplug-status", "connected"));
    for (const VifId id : {vif, VifId{1, 1}}) set(id, "state", "4");
    const net::Link before = link("vif1.0");
    const net::Link renamed = link("client");
    kill_agent();
    // While it is away: one status is lost, one vif goes, one comes.
    server.remove(home + vif.path() + "/hotplug-status");
    attach({1, 2});
    probe({1, 2});
    attach({1, 3}, {{"online", "0"}, {"state", "6"}});
    auto events = std::move(*net::LinkEvents::open());
    start_ready();
    EXPECT_TRUE(becomes(vif, "hotplug-status", "connected"));
    EXPECT_TRUE(becomes({1, 2}, "hotplug-status", "connected"));
    EXPECT_TRUE(server.wait_for(home + "backend/vif/1/3", std::nullopt));
    let_it_work();
    const auto seen = events.take(); // a name: a loop over *temporary would outlive it
    for (const net::LinkEvent& event : *seen) {
        EXPECT_TRUE(event.link.index != before.index && event.link.index != renamed.index)
            << event.link.name << " was touched";
    }
    EXPECT_EQ(link("vif1.0"), before);
    EXPECT_EQ(link("client"), renamed);
    EXPECT_EQ(get({1, 1}, "hotplug-status"), "connected");
}

TEST_F(AgentVifs, HostileNodesAreIgnored) {
    start_ready();
    for (const char* path : {"backend/vif/x/0/state", "backend/vif/1/x/state", "backend/vif/01/0/state",
                             "backend/vif/99999/0/state", "backend/vif/1/99999999/state", "backend/vbd/1/0/state"}) {
        server.write(home + path, "2");
    }
    attach({1, 4}, {{"state", "nonsense"}});
    attach({1, 5}, {{"state", std::string(4000, 'x')}});
    attach({1, 6}, {{"bridge", std::string(3000, 'b')}});
    probe({1, 6});
    EXPECT_TRUE(becomes({1, 6}, "hotplug-status", "error"));
    EXPECT_LT(get({1, 6}, "hotplug-error").size(), 200U);
    attach({1, 7}, {{"handle", "../../0"}, {"mtu", std::string("\0\1\2", 3)}});
    probe({1, 7});
    EXPECT_TRUE(becomes({1, 7}, "hotplug-status", "error"));
    attach(vif);
    probe(vif);
    EXPECT_TRUE(becomes(vif, "hotplug-status", "connected")) << "others are served";
    EXPECT_EQ(get({1, 4}, "hotplug-status"), "");
}

TEST_F(AgentVifs, ManyVifsAtOnce) {
    start_ready();
    for (unsigned device = 0; device < 64; ++device) attach({1, device});
    for (unsigned device = 0; device < 64; ++device) probe({1, device});
    for (unsigned device = 0; device < 64; ++device) {
        ASSERT_TRUE(becomes({1, device}, "hotplug-status", "connected")) << device;
    }
}

TEST_F(AgentVifs, SurvivesXenstoresTroubles) {
    start_ready();
    attach(vif);
    server.fail_next(xen::wire::Type::transaction_end, "EAGAIN", 5);
    server.fail_next(xen::wire::Type::write, "ENOSPC", 2);
    probe(vif);
    EXPECT_TRUE(becomes(vif, "hotplug-status", "connected"));
    server.drop_connections(); // xenstored restarts
    attach({1, 1});
    probe({1, 1});
    EXPECT_TRUE(becomes({1, 1}, "hotplug-status", "connected"));
    EXPECT_EQ(read("data/bulkhead/state"), "ready");
    EXPECT_EQ(::kill(agent->pid(), 0), 0);
}

} // namespace
} // namespace bulkhead::agent
