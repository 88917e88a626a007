// The agent's rules in the real kernel.
#include "agent_fixture.hpp"

#include <cstdio>

namespace bulkhead::agent {
namespace {

const VifId first{1, 0}, second{2, 0};

class AgentFence : public AgentFixture {
protected:
    void SetUp() override {
        AgentFixture::SetUp();
        server.add_domain(2);
    }
    void TearDown() override {
        AgentFixture::TearDown();
        (void)nft("delete table bridge bulkhead");
    }
    static std::string nft(const std::string& command) {
        FILE* pipe = ::popen(("nft " + command + " 2>&1").c_str(), "r");
        std::string text;
        char part[4096];
        while (const std::size_t got = std::fread(part, 1, sizeof part, pipe)) text.append(part, got);
        ::pclose(pipe);
        return text;
    }
    static bool listed(const std::string& part) { return nft("list ruleset").find(part) != std::string::npos; }
    void rule(VifId id, const std::string& text) { server.write(home + id.rules_path(), text); }
};

TEST_F(AgentFence, TheRulesAreThereBeforeTheVifIsConnected) {
    start_ready();
    rule(first, "mac=00:16:3e:00:00:01 types=a");
    attach(first);
    probe(first);
    ASSERT_TRUE(becomes(first, "hotplug-status", "connected"));
    EXPECT_EQ(get(first, "bulkhead-fence"), "mac=00:16:3e:00:00:01 types=a");
    EXPECT_TRUE(listed("\"vif1.0\" . 00:16:3e:00:00:01"));
    attach(second);
    probe(second);
    ASSERT_TRUE(becomes(second, "hotplug-status", "connected"));
    EXPECT_EQ(get(second, "bulkhead-fence"), "(none)");
    EXPECT_TRUE(listed("\"vif2.0\" : goto from_open"));

    rule(second, "types=a,b");
    ASSERT_TRUE(becomes(second, "bulkhead-fence", "types=a,b"));
    EXPECT_FALSE(listed("\"vif2.0\" : goto from_open"));

    // The vif goes, and its rules.
    server.remove(home + first.path());
    EXPECT_TRUE(server.wait_until([] { return !listed("vif1.0"); }));
    server.remove(home + second.rules_path());
    ASSERT_TRUE(becomes(second, "bulkhead-fence", ""));
    EXPECT_EQ(nft("list ruleset"), "");
}

TEST_F(AgentFence, RulesThatItDoesNotUnderstandKeepAVifOff) {
    start_ready();
    rule(first, "mac=00:16:3e:00:00:01 vlan=7");
    attach(first);
    probe(first);
    ASSERT_TRUE(becomes(first, "hotplug-status", "error"));
    EXPECT_EQ(get(first, "hotplug-error"),
              "its rules in bulkhead/fence/1/0: 'vlan=7' is not understood, or there twice");
    EXPECT_EQ(link("vif1.0").master, 0);
    rule(first, "mac=00:16:3e:00:00:01");
    EXPECT_TRUE(becomes(first, "hotplug-status", "connected"));
    rule(first, "mac=?");
    EXPECT_TRUE(becomes(first, "hotplug-status", "error"));
    EXPECT_TRUE(server.wait_until([&] { return link("vif1.0").master == 0; }));
}

TEST_F(AgentFence, ARestartedAgentTakesOver) {
    start_ready();
    for (const VifId& id : {first, second}) {
        rule(id, "types=a");
        attach(id);
        probe(id);
        ASSERT_TRUE(becomes(id, "hotplug-status", "connected"));
    }
    kill_agent();
    EXPECT_TRUE(listed("vif2.0")) << "the rules stay without it";
    server.remove(home + first.path());
    rule(second, "types=b");
    start();
    ASSERT_TRUE(becomes(second, "bulkhead-fence", "types=b"));
    EXPECT_FALSE(listed("vif1.0"));
}

TEST_F(AgentFence, ARenamedVif) {
    start_ready();
    rule(first, "types=a");
    attach(first, {{"vifname", "client"}});
    probe(first);
    ASSERT_TRUE(becomes(first, "hotplug-status", "connected"));
    EXPECT_TRUE(listed("\"client\""));
    EXPECT_FALSE(listed("vif1.0"));
}

} // namespace
} // namespace bulkhead::agent
