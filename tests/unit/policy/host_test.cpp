// The manual's walks through chapter 10, without Xen.
#include "policy/host.hpp"

#include "samples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::policy {
namespace {

using samples::id;
using testing::HasSubstr;

std::string why(const Status& status) {
    return status ? "allowed" : status.error().message;
}

struct Banks : testing::Test {
    PolicyPtr policy = samples::make(samples::banks());
    Host host{policy};

    Status start(const std::string& name, const std::string& label) {
        return host.start("uuid-" + name, name, id(policy, label));
    }
};

struct Colours : testing::Test {
    PolicyPtr policy = samples::make(samples::colours());
    Host host{policy};

    Status start(const std::string& label) { return host.start(label, "guest-" + label, id(policy, label)); }
    Status relabel_domain0(const std::string& label) { return host.relabel_domain0(host.domain0(), id(policy, label)); }
};

} // namespace

// 10.2.6, test 1.
TEST_F(Banks, ExcludeEachOther) {
    ASSERT_TRUE(start("domain1", "A-Bank"));
    EXPECT_EQ(why(start("domain2", "B-Bank")),
              "A-Bank and B-Bank exclude each other by rule RER; domain1 (A-Bank) is running");
    EXPECT_TRUE(start("domain3", "AutoCorp"));
    host.stop("uuid-domain1");
    ASSERT_TRUE(start("domain2", "B-Bank"));
    EXPECT_EQ(why(start("domain1", "A-Bank")),
              "B-Bank and A-Bank exclude each other by rule RER; domain2 (B-Bank) is running");
    // Departments inherit what excludes their organisation.
    EXPECT_EQ(why(start("domain4", "A-Bank.MarketAnalysis")),
              "B-Bank and A-Bank exclude each other by rule RER; domain2 (B-Bank) is running");
}

TEST_F(Banks, CountEveryDomainOfALabel) {
    ASSERT_TRUE(start("one", "A-Bank"));
    ASSERT_TRUE(start("two", "A-Bank"));
    host.stop("uuid-one");
    EXPECT_FALSE(start("other", "B-Bank"));
    host.stop("uuid-two");
    host.stop("uuid-two"); // it has gone already
    EXPECT_TRUE(start("other", "B-Bank"));
    EXPECT_EQ(why(start("other", "B-Bank")), "domain uuid-other is running already");
}

// 10.2.4 and 10.2.6, test 2.
TEST_F(Banks, UseWhatSharesATypeWithThem) {
    EXPECT_EQ(
        host.may_use(id(policy, "A-Bank"), "file:/fedora.img").reason,
        "resource file:/fedora.img has no label: A-Bank and resource label __UNLABELED__ have no STE type in common: "
        "A-Bank against __UNLABELED__");
    EXPECT_TRUE(host.may_use(host.vm_label("").value(), "file:/fedora.img").allowed);
    ASSERT_TRUE(host.label_resource("file:/fedora.img", "A-Bank"));
    EXPECT_TRUE(host.may_use(id(policy, "A-Bank"), "file:/fedora.img").allowed);
    EXPECT_FALSE(host.may_use(host.vm_label("").value(), "file:/fedora.img").allowed);
    EXPECT_EQ(why(host.label_resource("file:/fedora.img", "B-Bank")),
              "resource file:/fedora.img is already labelled A-Bank; remove that label first");
    ASSERT_TRUE(host.unlabel_resource("file:/fedora.img"));
    ASSERT_TRUE(host.label_resource("file:/fedora.img", "B-Bank"));
    ASSERT_TRUE(start("domain1", "A-Bank"));
    EXPECT_THAT(why(host.attach("uuid-domain1", "file:/fedora.img")), HasSubstr("no STE type in common"));
    EXPECT_EQ(why(host.attach("nobody", "file:/fedora.img")), "domain nobody is not running");
}

TEST_F(Banks, KeepLabelsOfWhatIsInUse) {
    ASSERT_TRUE(host.label_resource("phy:sda", "A-Bank"));
    ASSERT_TRUE(start("domain1", "A-Bank"));
    ASSERT_TRUE(host.attach("uuid-domain1", "phy:sda"));
    EXPECT_EQ(why(host.unlabel_resource("phy:sda")), "resource phy:sda is in use by domain1");
    host.detach("uuid-domain1", "phy:sda");
    EXPECT_TRUE(host.unlabel_resource("phy:sda"));
    EXPECT_EQ(why(host.unlabel_resource("phy:sda")), "resource phy:sda has no label");
    EXPECT_THAT(why(host.label_resource("phy:sda", "C-Bank")), HasSubstr("'C-Bank' is not a resource label"));
    EXPECT_TRUE(host.label_resource("phy:sda", "__INACCESSIBLE__"));
    EXPECT_EQ(host.may_use(host.domain0(), "phy:sda").reason,
              "resource phy:sda is labelled __INACCESSIBLE__: nobody may use it");
}

TEST_F(Banks, ShareWithTheirDriverDomain) {
    ASSERT_TRUE(start("domain1", "A-Bank"));
    ASSERT_TRUE(start("ndvm", "SystemManagement"));
    ASSERT_TRUE(start("car", "AutoCorp"));
    EXPECT_TRUE(host.connect("uuid-domain1", "uuid-ndvm"));
    EXPECT_THAT(why(host.connect("uuid-domain1", "uuid-car")), HasSubstr("no STE type in common"));
    host.stop("uuid-ndvm");
    EXPECT_TRUE(host.domains().at("uuid-domain1").peers.empty());
}

// 10.2.7.
TEST_F(Banks, RunWhereDomain0IsAuthorised) {
    ASSERT_TRUE(start("domain1", "A-Bank"));
    const LabelId system = host.domain0();
    ASSERT_TRUE(host.relabel_domain0(system, id(policy, "A-Bank")));
    EXPECT_THAT(why(start("domain3", "AutoCorp")), HasSubstr("not authorised"));
    EXPECT_THAT(why(start("domain4", "__UNLABELED__")), HasSubstr("not authorised"));
    EXPECT_THAT(why(host.relabel_domain0(system, system)), HasSubstr("Domain-0 has the label A-Bank, not System"));
    ASSERT_TRUE(host.relabel_domain0(id(policy, "A-Bank"), system));
    ASSERT_TRUE(start("domain3", "AutoCorp"));
    const Host before = host;
    EXPECT_THAT(why(host.relabel_domain0(system, id(policy, "A-Bank"))),
                HasSubstr("not authorised to run it; domain3 is running"));
    EXPECT_EQ(host, before);
}

TEST_F(Banks, NeedTypesForEveryOneOfALabel) {
    // More than sharing one type, which is all that Xen 4.1 asked after a change of Domain-0's label.
    Document document = samples::banks();
    document.vm_labels.push_back(samples::label("VIO: A-Bank A-Bank.MarketAnalysis /"));
    policy = samples::make(document);
    host = Host(policy);
    ASSERT_TRUE(start("vio", "VIO"));
    EXPECT_FALSE(host.relabel_domain0(host.domain0(), id(policy, "A-Bank")));
}

TEST_F(Banks, NamesAreLookedUp) {
    EXPECT_EQ(host.vm_label("A-Bank").value(), id(policy, "A-Bank"));
    EXPECT_EQ(host.vm_label("").value(), id(policy, "__UNLABELED__"));
    EXPECT_EQ(host.vm_label("C-Bank").error().message, "label 'C-Bank' is not a VM label of policy mytest 1.0");
    const Host updated(samples::make(samples::banks_update()));
    EXPECT_EQ(updated.vm_label("").error().message,
              "the domain has no label, and policy mytest 1.1 does not let unlabeled domains run");
    EXPECT_EQ(updated.may_use(0, "phy:sda").reason,
              "resource phy:sda has no label, and policy mytest does not let unlabeled ones be used");
}

// xm-test's security-acm, group 2 and 3.
TEST_F(Colours, GreenAndRedRunTogetherBlueAndRedDoNot) {
    EXPECT_TRUE(start("green"));
    EXPECT_TRUE(start("red"));
    EXPECT_THAT(why(start("blue")), HasSubstr("red and blue exclude each other by rule RER; guest-red (red)"));
}

// Group 7: a guest is refused since Domain-0 has the other type.
TEST_F(Colours, Domain0CountsForTheWall) {
    Document document = samples::colours();
    document.vm_labels.push_back(samples::label("admin: SystemManagement green red blue / red"));
    policy = samples::make(document);
    host = Host(policy);
    ASSERT_TRUE(relabel_domain0("admin"));
    EXPECT_EQ(why(start("blue")), "red and blue exclude each other by rule RER; Domain-0 has the label admin");
    ASSERT_TRUE(start("red"));
    ASSERT_TRUE(relabel_domain0("SystemManagement"));
    EXPECT_FALSE(start("blue"));
    host.stop("red");
    ASSERT_TRUE(start("blue"));
    EXPECT_THAT(why(relabel_domain0("admin")), HasSubstr("guest-blue (blue) is running"));
}

// Group 10.
TEST_F(Colours, UnlabeledDomainsDoNotRunWithoutTheirLabel) {
    EXPECT_FALSE(host.vm_label(""));
    ASSERT_TRUE(start("blue"));
    EXPECT_TRUE(relabel_domain0("blue"));
    EXPECT_FALSE(relabel_domain0("red"));
    EXPECT_EQ(policy->vm_labels()[host.domain0()].name, "blue");
    EXPECT_TRUE(relabel_domain0("SystemManagement"));
}

} // namespace bulkhead::policy
