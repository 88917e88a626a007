#include "config/access_control.hpp"

#include "config/domain_config.hpp"
#include "config/vif.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace bulkhead;
using namespace bulkhead::config;
using testing::HasSubstr;

namespace {

std::string error(std::string_view text) {
    const auto label = parse_access_control(text);
    return label ? "no error" : label.error().message;
}

Result<ParsedDomain> parse(const std::string& line) {
    return parse_domain("name = \"web\"\nkernel = \"/k\"\n" + line + "\n", "web.cfg", {});
}

} // namespace

TEST(AccessControl, ReadsXmsSpecifier) {
    EXPECT_EQ(parse_access_control("policy=mytest,label=A-Bank").value(), (xen::LabelSpec{"mytest", "A-Bank", ""}));
    EXPECT_EQ(parse_access_control(" label=A , policy=a.b , version=1.0 , type=ACM").value(),
              (xen::LabelSpec{"a.b", "A", "1.0"}));
    const xen::LabelSpec label{"mytest", "res_HardDrive(hda)", "1.10"};
    EXPECT_EQ(parse_access_control(print_access_control(label)).value(), label);
}

TEST(AccessControl, RefusesWithXmsWords) {
    EXPECT_THAT(error("policy=mytest"), HasSubstr("VM label 'policy=mytest' in wrong format."));
    EXPECT_THAT(error("policy=a,label=b,what=c"), HasSubstr("Invalid access_control specifier"));
    EXPECT_THAT(error("A-Bank"), HasSubstr("Invalid access_control specifier"));
    EXPECT_THAT(error("policy=a,label=b,label=c"), HasSubstr("is there twice"));
    EXPECT_THAT(error("policy=a,label=b:c"), HasSubstr("cannot be its name"));
    EXPECT_THAT(error("policy=a,label=b,type=FLASK"), HasSubstr("Policy type 'FLASK' must be changed."));
    EXPECT_THAT(error("policy=a,label=" + std::string(256, 'x')), HasSubstr("cannot be its name"));
}

TEST(AccessControl, StandsInADomainsFile) {
    EXPECT_FALSE(parse("").value().spec.label);
    EXPECT_FALSE(parse("access_control = [ ]").value().spec.label);
    const auto one = parse("access_control = ['policy=mytest,label=A-Bank']");
    ASSERT_TRUE(one) << one.error().message;
    EXPECT_EQ(one->spec.label, (xen::LabelSpec{"mytest", "A-Bank", ""}));
    EXPECT_TRUE(one->warnings.empty());
    const auto two = parse("access_control = ['policy=a,label=b', 'policy=a,label=c']");
    ASSERT_FALSE(two);
    EXPECT_THAT(two.error().message, HasSubstr("VM config error: Multiple access_control definitions!"));
    EXPECT_FALSE(parse("access_control = 'policy=a,label=b'"));
}

TEST(AccessControl, StandsInAVif) {
    xen::NicSpec nic;
    ASSERT_TRUE(parse_vif("policy=mytest,label=A-Bank,bridge=xenbr0", nic));
    EXPECT_EQ(nic.label, (xen::LabelSpec{"mytest", "A-Bank", ""}));
    xen::NicSpec again;
    ASSERT_TRUE(parse_vif(print_vif(nic), again));
    EXPECT_EQ(again.label, nic.label);
    xen::NicSpec half;
    EXPECT_FALSE(parse_vif("label=A-Bank", half));
}
