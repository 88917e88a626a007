#include "policy/config_label.hpp"

#include <cerrno>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::policy {
namespace {

using testing::HasSubstr;

// The manual's domain1.xm (10.2.4), whose disk goes over two lines.
const std::string domain1 = R"(kernel= "/boot/vmlinuz"
memory = 128
name = "domain1"
vif = ['']
dhcp = "dhcp"
disk = ['file:/home/xen/dom_fc5/fedora.fc5.img,sda1,w', \
       'file:/home/xen/dom_fc5/fedora.fc5.swap,sda2,w']
root = "/dev/sda1 ro xencons=tty"
)";
const std::string label = "access_control = ['policy=mytest,label=A-Bank']\n";

std::optional<ConfigLabel> find(const std::string& text) {
    auto found = find_config_label(text, "file");
    if (!found) ADD_FAILURE() << found.error().message;
    return found ? *found : std::nullopt;
}

std::string add(const std::string& text) {
    auto next = add_config_label(text, "file", "mytest", "A-Bank");
    if (!next) ADD_FAILURE() << next.error().message;
    return next ? *next : "";
}

std::string remove(const std::string& text) {
    auto next = remove_config_label(text, "file");
    if (!next) ADD_FAILURE() << next.error().message;
    return next ? *next : "";
}

std::string why_not(const std::string& text) {
    const auto found = find_config_label(text, "file");
    return found ? "nothing" : found.error().message;
}

TEST(ConfigLabelTest, AddsALineAndTakesItOut) {
    EXPECT_EQ(find(domain1), std::nullopt);
    EXPECT_EQ(add(domain1), domain1 + label);
    EXPECT_EQ(find(domain1 + label), (ConfigLabel{"mytest", "A-Bank", "", 9}));
    EXPECT_EQ(remove(domain1 + label), domain1 + "#" + label); // xm made it a comment
    EXPECT_EQ(find(domain1 + "#" + label), std::nullopt);
    EXPECT_EQ(add(domain1 + "#" + label), domain1 + "#" + label + label);
}

TEST(ConfigLabelTest, RefusesASecondLabelAndToRemoveNone) {
    const auto again = add_config_label(domain1 + label, "domain1.xm", "mytest", "B-Bank");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().message, "Config file 'domain1.xm' is already labeled.");
    EXPECT_EQ(again.error().code, EEXIST);
    const auto none = remove_config_label(domain1, "domain1.xm");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().message, "Domain not labeled");
    EXPECT_EQ(none.error().code, ENOENT);
}

TEST(ConfigLabelTest, EverythingElseStays) {
    const std::string odd = "# \xe9 access_control = ['policy=a,label=b']\r\n\tname=\"a # b\";memory=1 # 'open\r\n\r\n"
                            "kernel='k' ; extra = \"access_control = ['policy=a,label=c']\"\r\n\f  \r\n";
    EXPECT_EQ(find(odd), std::nullopt);
    EXPECT_EQ(add(odd), odd + "access_control = ['policy=mytest,label=A-Bank']\r\n");
    EXPECT_EQ(remove(add(odd)), odd + "#access_control = ['policy=mytest,label=A-Bank']\r\n");
}

TEST(ConfigLabelTest, AFileWithoutALastLineEndGetsOne) {
    const std::string cut = "name='a'\nmemory=1";
    EXPECT_EQ(add(cut), cut + "\n" + label);
    EXPECT_EQ(add("name='a'\nmemory=1 # end"), "name='a'\nmemory=1 # end\n" + label);
    EXPECT_EQ(remove("name='a'\nmemory=1\naccess_control='policy=a,label=b'"),
              "name='a'\nmemory=1\n#access_control='policy=a,label=b'");
    // A backslash at the end would swallow the new line.
    const auto next = add_config_label("name='a'\nmemory=1\\", "file", "mytest", "A-Bank");
    ASSERT_FALSE(next);
    EXPECT_THAT(next.error().message, HasSubstr("last line does not end"));
}

TEST(ConfigLabelTest, SpellingsOfOneLabel) {
    const std::string rest = "name='a'\nmemory=1\n";
    const ConfigLabel wanted = {"mytest", "A-Bank", "", 3};
    for (const char* line :
         {"access_control=[\"policy=mytest,label=A-Bank\",]", "access_control = 'policy=mytest,label=A-Bank'",
          "  access_control = [ ' label = A-Bank , policy = mytest ' ] # why",
          "access_control = ['policytype=ACM,policy=mytest,label=A-Bank']",
          "access_control = [ # one\n  'policy=mytest,label=A-Bank', # two\n]"})
        EXPECT_EQ(find(rest + line + "\n"), wanted) << line;
    EXPECT_EQ(find(rest + "access_control = ['policy=p.q,label=res_HardDrive(hda),version=1.0']"),
              (ConfigLabel{"p.q", "res_HardDrive(hda)", "1.0", 3}));
    EXPECT_EQ(remove(rest + "access_control = [ # one\n 'policy=p,label=l' ]\nvcpus=1\n"),
              rest + "#access_control = [ # one\n# 'policy=p,label=l' ]\nvcpus=1\n");
}

TEST(ConfigLabelTest, RefusesWhatIsNotClear) {
    const std::string rest = "name='a'\nmemory=1\n";
    EXPECT_THAT(why_not(rest + label + "vcpus=1\n" + label),
                HasSubstr("file:5: VM config error: Multiple access_control definitions!"));
    EXPECT_THAT(why_not(rest + "access_control = ['policy=a,label=b', 'policy=a,label=c']"),
                HasSubstr("file:3: VM config error: Multiple access_control definitions!"));
    for (const char* value : {"[]", "7", "['policy=a']", "['policy=a,label=b,label=c']", "['policy=a,label=b,x=y']",
                              "['policy=a' ',label=b']", "['policy=a,label=b'", "x", "['policy=a,label=' + b]", "",
                              "['policytype=FLASK,policy=a,label=b']"})
        EXPECT_THAT(why_not(rest + "access_control = " + value + "\n"), HasSubstr("file:3: ")) << value;
    EXPECT_THAT(why_not(rest + "access_control += ['policy=a,label=b']"), HasSubstr("'=' alone"));
    EXPECT_THAT(why_not(rest + "access_control = ['policy=a,label=b c']"), HasSubstr("cannot be its name"));
    EXPECT_THAT(why_not(rest + "x = 'a\\' # '\n"), HasSubstr("file:3: a backslash before a quote"));
    EXPECT_THAT(why_not(rest + "x = 'a\n"), HasSubstr("file:3: a text is not closed"));
    EXPECT_THAT(why_not(rest + "x = [\ny=1\n"), HasSubstr("file:3: a bracket is not closed"));
    EXPECT_THAT(why_not(rest + "x = ]\n"), HasSubstr("closes nothing"));
    EXPECT_THAT(why_not(rest + "x = " + std::string(40, '[')), HasSubstr("too deep"));
    const auto beside = remove_config_label(rest + "access_control='policy=a,label=b'; vcpus=2\n", "file");
    ASSERT_FALSE(beside);
    EXPECT_THAT(beside.error().message, HasSubstr("something else stands on the line"));
}

TEST(ConfigLabelTest, OnlyConfigurations) {
    EXPECT_THAT(why_not(""), HasSubstr("Invalid configuration file."));
    EXPECT_THAT(why_not("memory=1\nkernel='k'\n"), HasSubstr("Invalid configuration file."));
    EXPECT_THAT(why_not("name='a'\n"), HasSubstr("Invalid configuration file."));
    EXPECT_THAT(why_not(domain1 + std::string(1, '\0')), HasSubstr("Invalid configuration file."));
    EXPECT_THAT(why_not(domain1 + std::string(300 * 1024, '\n')), HasSubstr("Invalid configuration file."));
    EXPECT_EQ(find("name='a'\ntype='hvm'\n"), std::nullopt);
    // A program of xm's: what is in it is passed over, its texts too.
    EXPECT_EQ(
        find("import os\ndef f(x):\n    \"\"\"access_control\n = ['policy=a,label=b']\n\"\"\"\n    return x == 1\n"
             "name = 'a' + str(f(1))\nmemory = 1\n"),
        std::nullopt);
    const auto bad = add_config_label(domain1, "file", "mytest", "A Bank");
    ASSERT_FALSE(bad);
    EXPECT_THAT(bad.error().message, HasSubstr("contains a space"));
}

} // namespace
} // namespace bulkhead::policy
