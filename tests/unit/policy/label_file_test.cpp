#include "policy/label_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string why_not(const std::string& text) {
    Problems problems;
    (void)read_label_file(text, problems);
    if (problems.none()) return "nothing";
    return std::to_string(problems.errors()[0].line) + ": " + problems.errors()[0].text;
}

// As xend wrote it (Xen 4.1, tools/python/xen/util/dictio.py), with an entry of Xen 3.1's.
TEST(LabelFile, ReadsWhatXendWrote) {
    Problems problems;
    EXPECT_THAT(read_label_file("resources = {\n"
                                "    'file:/home/xen/dom_fc5/fedora.fc5.swap': ('ACM', 'mytest', 'A-Bank'),\n"
                                "    'phy:/dev/ram0': ('INV_ACM', 'xm-test', 'blue'),\n"
                                "    'tap:aio:/a b.img': ('mytest', 'B-Bank'),\n"
                                "    'vlan:7': ('ACM', '*', '__INACCESSIBLE__'),\n"
                                "}\n",
                                problems),
                ElementsAre(LabelFileEntry{"file:/home/xen/dom_fc5/fedora.fc5.swap", "ACM", "mytest", "A-Bank", 2},
                            LabelFileEntry{"phy:/dev/ram0", "INV_ACM", "xm-test", "blue", 3},
                            LabelFileEntry{"tap:aio:/a b.img", "ACM", "mytest", "B-Bank", 4},
                            LabelFileEntry{"vlan:7", "ACM", "*", "__INACCESSIBLE__", 5}));
    EXPECT_TRUE(problems.none());
    EXPECT_EQ(why_not("resources = {\n}\n"), "nothing");
}

TEST(LabelFile, RefusesEverythingElse) {
    EXPECT_THAT(why_not("import os\nresources = {}"), HasSubstr("1: it does not begin with"));
    EXPECT_THAT(why_not("resources = {\n'a': __import__('os').system('x'),\n}"), HasSubstr("2: '(' is expected"));
    EXPECT_THAT(why_not("resources = {\n'a': ('ACM', 'p', 'l'),\n'a': ('ACM', 'p', 'm'),\n}"),
                HasSubstr("3: resource 'a' is there twice"));
    EXPECT_THAT(why_not("resources = {'a': ('p',)}"), HasSubstr("a label is"));
    EXPECT_THAT(why_not("resources = {'a': ('ACM', 'p', 'l', 'x')}"), HasSubstr("more than 3"));
    EXPECT_THAT(why_not("resources = {'a': ('FLASK', 'p', 'l')}"), HasSubstr("neither ACM nor INV_ACM"));
    EXPECT_THAT(why_not("resources = {'a': ('ACM', 'p q', 'l')}"), HasSubstr("contains a space"));
    EXPECT_THAT(why_not("resources = {'a': ('ACM', '*', 'l')}"), HasSubstr("policy name '*'"));
    EXPECT_THAT(why_not("resources = {'a': ('ACM', 'p', 'l:m')}"), HasSubstr("contains :"));
    EXPECT_THAT(why_not("resources = {}\nimport os"), HasSubstr("2: something follows"));
    EXPECT_THAT(why_not("resources = {'a': ('ACM', 'p', 'l')"), HasSubstr("the file ends"));
    EXPECT_THAT(why_not("resources = {'" + std::string(5000, 'a') + "': ('ACM', 'p', 'l')}"), HasSubstr("longer than"));
}

} // namespace
} // namespace bulkhead::policy
