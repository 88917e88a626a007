// The mandatory policy in the daemon: which vifs domains may have, and what each carries.
#include "security_fixture.hpp"

#include <gmock/gmock.h>

using namespace bulkhead;
using namespace bulkhead::domain;
using testing::HasSubstr;

TEST_F(SecurityTest, VifsOfSeveralTypesMustSayWhichTheyCarry) {
    set(xm_test());
    DeviceUse vif;
    vif.device = "vif 0";
    EXPECT_TRUE(start("g", "green", {vif}));
    const Status unlabelled = start("s", "SystemManagement", {vif});
    ASSERT_FALSE(unlabelled);
    EXPECT_THAT(unlabelled.error().message, HasSubstr("'VIF' must be labeled"));
    vif.label = {"xm-test", "red", ""};
    EXPECT_TRUE(start("s", "SystemManagement", {vif}));
    const Status wrong = start("g2", "green", {vif});
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().message, HasSubstr("VM's access to network device denied. Check labeling"));
    vif.label = {};
    vif.peer = "uuid-g"; // a driver domain
    EXPECT_FALSE(start("r", "red", {vif}));
    EXPECT_TRUE(start("g3", "green", {vif}));
}

TEST_F(SecurityTest, VifsCarryWhatTheirDomainsLabelSaysNow) {
    DeviceUse plain, own;
    plain.device = "vif 0";
    own.device = "vif 1";
    own.label = {"xm-test", "green", ""};
    ASSERT_TRUE(start("g", "green", {plain, own}));
    EXPECT_TRUE(security->vif_types("uuid-g").empty()) << "no policy";
    set(xm_test());
    const Security::VifTypes green = {{"vif 0", {"green"}}, {"vif 1", {"green"}}};
    EXPECT_EQ(security->vif_types("uuid-g"), green);
    EXPECT_TRUE(security->vif_types("uuid-x").empty());
    ASSERT_TRUE(start("b", "blue", {plain}));
    EXPECT_EQ(security->vif_types("uuid-b"), (Security::VifTypes{{"vif 0", {"blue"}}}));
    EXPECT_TRUE(security->relabel("uuid-b", "", "green", running, "uid 0").done());
    EXPECT_EQ(security->vif_types("uuid-b"), (Security::VifTypes{{"vif 0", {"green"}}}));
    set(xm_test_update());
    EXPECT_EQ(security->vif_types("uuid-g"), green) << "the label GREEN has the type green";
}

TEST_F(SecurityTest, Domain0sOwnVifsCarryItsLabelsTypesOrTheirOwn) {
    set(xm_test());
    ASSERT_TRUE(start("ndvm", "blue"));
    DeviceUse plain, own;
    plain.device = "vif 0";
    own.device = "vif 1";
    own.label = {"xm-test", "blue", ""};
    plain.peer = own.peer = "uuid-ndvm";
    const auto attach_to_domain0 = [this](const DeviceUse& use) {
        Question question = attach("Domain-0", use);
        question.uuid = domain0_uuid;
        return question;
    };
    {
        const auto flight = security->fly("uid 0");
        EXPECT_EQ(ask(attach_to_domain0(plain), flight).value().vif_types.at("vif 0").size(), 4U);
        EXPECT_EQ(ask(attach_to_domain0(own), flight).value().vif_types.at("vif 1").size(), 1U);
    }
    const std::uint64_t before = security->changes();
    ASSERT_TRUE(security->relabel_domain0("", "blue", running, "uid 0").done());
    EXPECT_NE(security->changes(), before);
    const Security::VifTypes blue = {{"vif 0", {"blue"}}, {"vif 1", {"blue"}}};
    EXPECT_EQ(security->vif_types(domain0_uuid), blue);
    boot();
    security->reconcile(running);
    EXPECT_EQ(security->vif_types(domain0_uuid), blue);
    EXPECT_TRUE(security->outsiders().empty());
    end("ndvm");
    security->detached(domain0_uuid, "vif 1");
    EXPECT_TRUE(security->relabel_domain0("", "green", running, "uid 0").done());
    EXPECT_EQ(security->vif_types(domain0_uuid), (Security::VifTypes{{"vif 0", {"green"}}}));
    {
        const auto flight = security->fly("uid 0");
        own.label.label = "green";
        own.peer = "";
        ASSERT_TRUE(ask(attach_to_domain0(own), flight));
        flight->failed();
    }
    EXPECT_EQ(security->vif_types(domain0_uuid).size(), 1U) << "it failed to come";
}
