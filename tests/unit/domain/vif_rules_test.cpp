#include "domain/vif_rules.hpp"

#include "support/fake_xenstored.hpp"
#include <cerrno>
#include <gtest/gtest.h>

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
        for (const unsigned domain : {5U, 7U}) {
            xenstored.add_domain(domain);
            xenstored.write("/local/domain/" + std::to_string(domain) + "/name", "x");
        }
    }
    Status tell(const xen::NicSpec& spec, const Backend& backend) {
        return tell_rules(store, 7, spec, backend, [this](std::string_view words) { said += words; });
    }
    std::string read(const std::string& path) { return xenstored.read(path).value_or("(none)"); }

    test::FakeXenstored xenstored;
    xen::Store store = xen::Store::adopt(xenstored.connect()).value();
    const Backend ndvm{5, "ndvm", true, "xenbr0"};
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

TEST_F(VifRules, NobodyWhoEnforcesThem) {
    xen::NicSpec typed = nic();
    typed.types = {"a"};
    EXPECT_EQ(tell(typed, {5, "other", false, ""}).error().code, EOPNOTSUPP);
    EXPECT_EQ(tell(typed, {0, "Domain-0", false, ""}).error().code, EOPNOTSUPP);
    EXPECT_EQ(said, "");
    EXPECT_TRUE(tell(nic(), {0, "Domain-0", false, ""}));
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
