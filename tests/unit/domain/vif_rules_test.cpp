#include "domain/vif_rules.hpp"

#include "domain/dom0_fence.hpp"
#include "support/fake_xenstored.hpp"
#include "support/network_namespace.hpp"
#include <array>
#include <cerrno>
#include <chrono>
#include <gtest/gtest.h>
#include <thread>

using namespace bulkhead;
using namespace bulkhead::domain;

namespace {

xen::NicSpec nic(const std::string& mac = "00:16:3e:00:00:30") {
    xen::NicSpec spec;
    spec.devid = 0;
    spec.mac = mac;
    return spec;
}

struct VifRules : testing::Test {
    void SetUp() override {
        xenstored.write("/local/domain/0/name", "Domain-0");
        for (const unsigned domain : {5U, 7U}) {
            xenstored.add_domain(domain);
            xenstored.write("/local/domain/" + std::to_string(domain) + "/name", "x");
        }
    }
    Status tell(const xen::NicSpec& spec, const Backend& backend) {
        return tell_rules(store, 7, spec, backend, [this](std::string_view words) { said += words; });
    }
    static std::string table() { // as nft lists it
        FILE* const pipe = ::popen("nft list ruleset", "r");
        std::string text;
        std::array<char, 4096> part{};
        while (const std::size_t got = std::fread(part.data(), 1, part.size(), pipe)) text.append(part.data(), got);
        EXPECT_EQ(::pclose(pipe), 0);
        return text;
    }
    std::string read(const std::string& path) { return xenstored.read(path).value_or("(none)"); }

    test::FakeXenstored xenstored;
    xen::Store store = xen::Store::adopt(xenstored.connect()).value();
    const Backend ndvm{5, "ndvm", true, "xenbr0"}, dom0{0, "Domain-0", false, ""};
    std::string said;
};

} // namespace

TEST(RulesOf, AVif) {
    xen::NicSpec spec = nic();
    EXPECT_EQ(*rules_of(spec), "mac=00:16:3e:00:00:30");
    spec.ip = "10.0.0.1 fd00::1 "; // as xen-tools writes it
    spec.types = {"b", "a", "b"};
    EXPECT_EQ(*rules_of(spec), "mac=00:16:3e:00:00:30 ip=10.0.0.1,fd00::1 types=a,b");
    spec.antispoof = false;
    EXPECT_EQ(*rules_of(spec), "types=a,b");
    spec.types.reset();
    EXPECT_EQ(*rules_of(spec), "");
    spec.antispoof = true;
    spec.ip = "10.0.0.0/24";
    EXPECT_NE(rules_of(spec).error().message.find("antispoof=0"), std::string::npos);
    EXPECT_FALSE(rules_of(nic("")));
    spec = nic();
    spec.types = {"a b"};
    EXPECT_FALSE(rules_of(spec));
}

TEST_F(VifRules, AreToldAndForgotten) {
    ASSERT_TRUE(tell(nic(), ndvm));
    EXPECT_EQ(read(rules_record(7, 0)), "mac=00:16:3e:00:00:30");
    EXPECT_EQ(read("/local/domain/5/bulkhead/fence/7/0"), "mac=00:16:3e:00:00:30");
    std::vector<xen::NicSpec> nics = {nic()};
    ASSERT_TRUE(add_rules(store, 7, nics));
    EXPECT_FALSE(nics[0].antispoof || nics[0].types);
    xen::NicSpec open = nic();
    open.antispoof = false;
    open.types.emplace();
    ASSERT_TRUE(tell(open, ndvm));
    EXPECT_EQ(read("/local/domain/5/bulkhead/fence/7/0"), "types=");
    ASSERT_TRUE(add_rules(store, 7, nics));
    EXPECT_EQ(nics[0].antispoof, false);
    EXPECT_EQ(nics[0].types, std::vector<std::string>());
    // The driver domain has died, and with it what was there; it comes back.
    xenstored.remove("/local/domain/5/bulkhead");
    ASSERT_TRUE(store.transaction([](xen::Transaction& now) { return tell_again(now, 5, 7, 0); }));
    EXPECT_EQ(read("/local/domain/5/bulkhead/fence/7/0"), "types=");
    ASSERT_TRUE(store.transaction([](xen::Transaction& now) { return tell_again(now, 5, 7, 1); }));
    EXPECT_EQ(read("/local/domain/5/bulkhead/fence/7/1"), "(none)");
}

TEST_F(VifRules, TypesChangeWhileTheVifIsThere) {
    const auto change = [this](const std::vector<std::string>& types) { return change_types(store, 5, 7, 0, types); };
    EXPECT_FALSE(change({"a"}).value()) << "nobody enforces any";
    EXPECT_EQ(read(rules_record(7, 0)), "(none)");
    ASSERT_TRUE(tell(nic(), ndvm));
    EXPECT_TRUE(change({"b", "a"}).value());
    EXPECT_EQ(read(rules_record(7, 0)), "mac=00:16:3e:00:00:30 types=a,b");
    EXPECT_EQ(read("/local/domain/5/bulkhead/fence/7/0"), "mac=00:16:3e:00:00:30 types=a,b");
    EXPECT_FALSE(change({"a", "b"}).value());
    EXPECT_FALSE(change({"no type"}));
    xenstored.remove("/local/domain/5"); // it comes back and is told then
    EXPECT_TRUE(change({}).value());
    EXPECT_EQ(read(rules_record(7, 0)), "mac=00:16:3e:00:00:30 types=");
    EXPECT_EQ(read("/local/domain/5"), "(none)");
    EXPECT_TRUE(change_types(store, 5, 7, 0, std::nullopt).value());
    EXPECT_EQ(read(rules_record(7, 0)), "mac=00:16:3e:00:00:30");
}

TEST_F(VifRules, TheAgentSaysWhenTheyAreInForce) {
    const auto soon = [] { return std::chrono::steady_clock::now() + std::chrono::milliseconds(20); };
    ASSERT_TRUE(tell(nic(), ndvm));
    EXPECT_TRUE(await_rules(store, 5, 7, 0, soon())) << "there is no vif";
    xenstored.write("/local/domain/5/backend/vif/7/0/state", "4");
    EXPECT_EQ(await_rules(store, 5, 7, 0, soon()).error().code, ETIMEDOUT);
    xenstored.write(rules_in_force(5, 7, 0), "mac=00:16:3e:00:00:30 types=old");
    EXPECT_EQ(await_rules(store, 5, 7, 0, soon()).error().code, ETIMEDOUT);
    xenstored.write(rules_in_force(5, 7, 0), "mac=00:16:3e:00:00:30");
    EXPECT_TRUE(await_rules(store, 5, 7, 0, soon()));
    std::thread agent([this] { xenstored.write(rules_in_force(5, 7, 0), "mac=00:16:3e:00:00:30 types=a"); });
    EXPECT_TRUE(change_types(store, 5, 7, 0, std::vector<std::string>{"a"}).value());
    EXPECT_TRUE(await_rules(store, 5, 7, 0, std::chrono::steady_clock::now() + std::chrono::seconds(30)));
    agent.join();
}

TEST_F(VifRules, AConfigurationsTypesCountWithoutAPolicy) {
    xen::NicSpec spec = nic();
    spec.types = {"own", "mine"};
    Permit permit;
    permit.vif_types["vif 0"] = {"a"};
    carry_types(spec, permit, ndvm, [](std::string_view) {});
    ASSERT_TRUE(tell(spec, ndvm));
    EXPECT_EQ(read(rules_record(7, 0)), "mac=00:16:3e:00:00:30 types=a");
    std::vector<xen::NicSpec> nics = {nic()};
    ASSERT_TRUE(add_rules(store, 7, nics));
    EXPECT_EQ(nics[0].types, (std::vector<std::string>{"mine", "own"})) << "it is saved with those";
    EXPECT_TRUE(change_types(store, 5, 7, 0, std::nullopt).value());
    EXPECT_EQ(read("/local/domain/5/bulkhead/fence/7/0"), "mac=00:16:3e:00:00:30 types=mine,own");
    EXPECT_FALSE(change_types(store, 5, 7, 0, std::nullopt).value());
    ASSERT_TRUE(tell(nic(), ndvm));
    EXPECT_EQ(read(configured_types(7, 0)), "(none)") << "of an earlier vif";
}

// In a network namespace of the test's own.
TEST_F(VifRules, Dom0sKernelKeepsThoseOfItsBridges) {
    EXPECT_TRUE(install_dom0_fence(store));
    EXPECT_EQ(table(), "") << "nobody has rules";
    xen::NicSpec typed = nic();
    typed.types = {"a"};
    ASSERT_TRUE(tell(typed, dom0));
    EXPECT_EQ(read(rules_record(7, 0)), "mac=00:16:3e:00:00:30 types=a");
    EXPECT_EQ(read("/local/domain/0/bulkhead/fence/7/0"), "mac=00:16:3e:00:00:30 types=a");
    EXPECT_EQ(read("/local/domain/0/bulkhead/fence/7/0/links"), "vif7.0 vif7.0-emu");
    EXPECT_NE(table().find("\"vif7.0\" . 00:16:3e:00:00:30"), std::string::npos) << table();

    xen::NicSpec named = nic("00:16:3e:00:00:31");
    named.devid = 1;
    named.vifname = "vif7.0";
    EXPECT_EQ(tell(named, dom0).error().code, EEXIST);
    EXPECT_EQ(read(rules_record(7, 1)), "(none)") << "what failed leaves nothing";
    EXPECT_EQ(read("/local/domain/0/bulkhead/fence/7/1"), "(none)");
    named.vifname = "fifteen-letters";
    ASSERT_TRUE(tell(named, dom0));
    EXPECT_EQ(read("/local/domain/0/bulkhead/fence/7/1/links"), "fifteen-letters");
    EXPECT_NE(table().find("\"fifteen-letters\" . 00:16:3e:00:00:31"), std::string::npos) << table();

    EXPECT_EQ(said, "");
    named.ip = "10.0.0.0/24";
    ASSERT_TRUE(tell(named, dom0));
    EXPECT_EQ(read("/local/domain/0/bulkhead/fence/7/1"), "mac=00:16:3e:00:00:31") << "xl's files are taken";
    EXPECT_NE(said.find("warning: ip: "), std::string::npos) << said;
    named.devid = 2;
    EXPECT_FALSE(tell(named, ndvm)) << "no more than an agent can enforce";

    xenstored.remove("/local/domain/7"); // others know of its end
    ASSERT_TRUE(install_dom0_fence(store));
    EXPECT_EQ(table(), "");
    EXPECT_EQ(read("/local/domain/0/bulkhead/fence/7/0"), "(none)");
}

TEST_F(VifRules, AKernelThatDoesNotTakeThem) {
    ASSERT_TRUE(tell(nic(), dom0));
    const auto refuse = [](const net::nft::Batch&) -> Status { return fail("no nf_tables", EPROTONOSUPPORT); };
    EXPECT_EQ(install_dom0_fence(store, refuse).error().code, EPROTONOSUPPORT);
    xenstored.remove("/local/domain/0/bulkhead/fence/7");
    EXPECT_TRUE(install_dom0_fence(store, refuse)) << "nothing to keep apart";
    ASSERT_TRUE(install_dom0_fence(store));
}

TEST_F(VifRules, NobodyWhoEnforcesThem) {
    xen::NicSpec typed = nic();
    typed.types = {"a"};
    EXPECT_EQ(tell(typed, {5, "other", false, ""}).error().code, EOPNOTSUPP);
    typed.script = "vif-route";
    EXPECT_EQ(tell(typed, dom0).error().code, EOPNOTSUPP);
    typed.types.reset();
    EXPECT_TRUE(tell(typed, dom0));
    EXPECT_EQ(said, "");
    EXPECT_TRUE(tell(nic(), {5, "other", false, ""}));
    EXPECT_NE(said.find("no bulkhead-agent in 'other'"), std::string::npos);
    EXPECT_EQ(read(rules_record(7, 0)), "(none)");
}

TEST_F(VifRules, NothingIsLeftOfADomainThatHasGone) {
    xenstored.remove("/local/domain/7");
    EXPECT_EQ(tell(nic(), ndvm).error().code, ENOENT);
    EXPECT_EQ(read(rules_record(7, 0)), "(none)");
    EXPECT_EQ(read("/local/domain/5/bulkhead/fence/7/0"), "(none)");
}
