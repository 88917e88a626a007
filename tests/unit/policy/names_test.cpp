#include "policy/names.hpp"

#include <gtest/gtest.h>

namespace bulkhead::policy {
namespace {

std::string why(const Status& status) {
    return status ? "allowed" : status.error().message;
}

} // namespace

TEST(Names, TakesWhatRealPoliciesUse) {
    for (const char* name : {"mytest", "example.test", "example.client_v1", "xm-test-update", "DEFAULT"})
        EXPECT_TRUE(check_policy_name(name)) << name;
    for (const char* name : {"A-Bank.SecurityUnderwriting", "res_HardDrive(hda)", "__UNLABELED__", "dom_Fun", "1"}) {
        EXPECT_TRUE(check_label_name(name)) << name;
        EXPECT_TRUE(check_type_name(name)) << name;
    }
    EXPECT_TRUE(check_type_name(std::string(255, 'x')));
}

TEST(Names, RefusesWhatWouldMeanSomethingElse) {
    for (const char* name : {"", "a b", "a\nb", "a:b", "a,b", "a=b", "a'b", "a\"b", "a\\b", "b\xc3\xa4nk", "a\x7f"}) {
        EXPECT_FALSE(check_label_name(name)) << name;
        EXPECT_FALSE(check_type_name(name)) << name;
        EXPECT_FALSE(check_policy_name(name)) << name;
    }
    EXPECT_FALSE(check_type_name(std::string(256, 'x')));
    EXPECT_FALSE(check_policy_name(std::string(80, 'x')));
    EXPECT_EQ(why(check_type_name("b\xc3\xa4nk")), "name 'b\xc3\xa4nk' is not ASCII");
    EXPECT_EQ(why(check_label_name("a\nb")), "name 'a\\x0ab' contains a space or a control character");
}

TEST(Names, PolicyNamesBecomeFiles) {
    for (const char* name : {"../up", "/root", ".hidden", "a..b", "end.", "a/b", "a(b)"})
        EXPECT_FALSE(check_policy_name(name)) << name;
    EXPECT_EQ(policy_file_name("mytest"), "mytest-security_policy.xml");
    EXPECT_EQ(policy_file_name("example.chwall_ste.test"), "example/chwall_ste/test-security_policy.xml");
}

TEST(Names, KeepsTheReservedOnes) {
    for (const char* name : {"NULL", "INACTIVE", "INACCESSIBLE", "ACM", "FLASK", "INV_ACM", "INV_x"})
        EXPECT_EQ(why(check_policy_name(name)), std::string("name '") + name + "' is reserved; choose another");
    for (const char* name : {"__NULL_LABEL__", "__INACCESSIBLE__", "unlabeled", "INV_x"})
        EXPECT_FALSE(check_label_name(name)) << name;
    for (const char* name : {"__NULL_LABEL__", "__INACCESSIBLE__"}) EXPECT_FALSE(check_type_name(name)) << name;
}

TEST(Version, HasOneSpelling) {
    EXPECT_EQ(parse_version("1.0").value(), (Version{1, 0}));
    EXPECT_EQ(parse_version("99999999.12345678").value(), (Version{99999999, 12345678}));
    for (const char* text : {"", "1", "1x0", "01.1", "1.01", "1.", ".1", "1.0.0", "+1.0", "1.-1", " 1.0", "1.0 ", "1,0",
                             "100000000.0", "1.0x1", "1.\xd9\xa1"})
        EXPECT_FALSE(parse_version(text)) << text;
    EXPECT_EQ(parse_version("01.1").error().message, "version '01.1' has a leading zero");
}

TEST(Version, IsComparedByNumbers) {
    EXPECT_LT((Version{1, 9}), (Version{1, 10}));
    EXPECT_LT((Version{9, 9}), (Version{10, 0}));
    EXPECT_EQ((Version{1, 10}).text(), "1.10");
}

} // namespace bulkhead::policy
