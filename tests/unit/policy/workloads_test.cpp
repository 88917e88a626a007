#include "policy/workloads.hpp"

#include "policy/dialog.hpp"
#include "policy/workloads_toml.hpp"
#include "policy/workloads_wld.hpp"
#include "policy/write_xml.hpp"
#include "samples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Figure 10.2.
Workloads banks() {
    return {{{{"__UNLABELED__", 0}, {}},
             {{"A-Bank", 0}, samples::texts("SecurityUnderwriting MarketAnalysis")},
             {{"B-Bank", 0}, {}},
             {{"AutoCorp", 0}, {}}},
            {{{"RER", 0}, samples::texts("A-Bank B-Bank __UNLABELED__")},
             {{"RER", 0}, samples::texts("A-Bank.MarketAnalysis A-Bank.SecurityUnderwriting __UNLABELED__")}}};
}

std::vector<std::string> lines(const std::vector<Problem>& problems) {
    std::vector<std::string> all;
    for (const Problem& problem : problems) all.push_back(std::to_string(problem.line) + ": " + problem.text);
    return all;
}

template <typename Change>
std::vector<std::string> errors_after(Change change) {
    Workloads workloads = banks();
    change(workloads);
    Problems problems;
    (void)translate(workloads, "mytest", "", problems);
    return lines(problems.errors());
}

std::vector<std::string> wld_errors(const std::string& text) {
    Problems problems;
    (void)read_wld(text, problems);
    return lines(problems.errors());
}

std::vector<std::string> toml_errors(const std::string& text) {
    Problems problems;
    (void)read_toml(text, problems);
    return lines(problems.errors());
}

const std::string banks_wld =
    "ezpolicy = {'orgs': [['__UNLABELED__', []], ['A-Bank', ['SecurityUnderwriting', u'MarketAnalysis']], [\"B-Bank\", "
    "[]], ['AutoCorp', []]], 'cons': [['RER', ['A-Bank', 'B-Bank', '__UNLABELED__']], ['RER', "
    "['A-Bank.MarketAnalysis', "
    "'A-Bank.SecurityUnderwriting', '__UNLABELED__']]]}";

const std::string banks_toml = R"(name = "mytest"
[[organisation]]
name = "A-Bank"
departments = ["SecurityUnderwriting", "MarketAnalysis"]
[[organisation]]
name = "B-Bank"
[[organisation]]
name = "AutoCorp"
[[exclusion]]
name = "RER"
types = ["A-Bank", "B-Bank", "__UNLABELED__"]
[[exclusion]]
name = "RER"
types = ["A-Bank.MarketAnalysis", "A-Bank.SecurityUnderwriting", "__UNLABELED__"]
)";

} // namespace

TEST(Workloads, BecomeTheManualsPolicy) {
    Problems problems;
    const Document document = translate(banks(), "mytest", "Mon Nov 19 22:51:56 2007", problems);
    EXPECT_THAT(problems.errors(), IsEmpty());
    EXPECT_EQ(document, samples::banks());
    EXPECT_TRUE(load(write_xml(document)).policy);
}

TEST(Workloads, WithoutRulesHaveNoConflictSets) {
    Workloads workloads = banks();
    workloads.exclusions = {{{"One", 7}, samples::texts("A-Bank A-Bank")}};
    Problems problems;
    const std::string xml = write_xml(translate(workloads, "mytest", "", problems));
    EXPECT_THAT(lines(problems.warnings()),
                ElementsAre("7: exclusion rule 'One' has fewer than two members, so it is left out"));
    EXPECT_THAT(xml, testing::Not(HasSubstr("ConflictSets")));
    EXPECT_TRUE(load(xml).policy);
    EXPECT_TRUE(load(write_xml(translate({}, "empty", "", problems))).policy);
}

TEST(Workloads, FollowEzPolicysRules) {
    EXPECT_THAT(errors_after([](Workloads& w) {
                    w.organisations.push_back({{"B-Bank", 3}, {}});
                }),
                ElementsAre("3: organisation B-Bank is there twice"));
    EXPECT_THAT(errors_after([](Workloads& w) {
                    w.organisations[1].departments.push_back({"MarketAnalysis", 4});
                }),
                ElementsAre("4: organisation A-Bank: department MarketAnalysis is there twice"));
    EXPECT_THAT(errors_after([](Workloads& w) {
                    w.organisations.push_back({{"A-Bank.MarketAnalysis", 4}, {}});
                }),
                Contains(HasSubstr("is declared twice")));
    EXPECT_THAT(errors_after([](Workloads& w) {
                    w.exclusions[0].types.push_back({"A-Bank.MarketAnalysis", 5});
                }),
                ElementsAre("5: exclusion rule 'RER': the organisation A-Bank and its department A-Bank.MarketAnalysis "
                            "cannot exclude each other"));
    EXPECT_THAT(errors_after([](Workloads& w) {
                    w.exclusions[0].types.push_back({"MarketAnalysis", 5});
                }),
                ElementsAre("5: exclusion rule 'RER': there is no organisation or department 'MarketAnalysis'; a "
                            "department is written ORGANISATION.DEPARTMENT"));
    EXPECT_THAT(errors_after([](Workloads& w) {
                    w.organisations[0].departments.push_back({"x", 6});
                }),
                ElementsAre("6: __UNLABELED__ cannot have departments"));
    EXPECT_THAT(errors_after([](Workloads& w) {
                    w.organisations.push_back({{"SystemManagement", 3}, {}});
                }),
                ElementsAre("3: organisation: SystemManagement is Domain-0's; choose another name"));
    EXPECT_THAT(errors_after([](Workloads& w) {
                    w.organisations.push_back({{"Two Words", 3}, {}});
                }),
                ElementsAre(HasSubstr("contains a space")));
    Problems problems;
    (void)translate(banks(), "a:b", "", problems);
    EXPECT_THAT(lines(problems.errors()), ElementsAre(HasSubstr("PolicyName: name 'a:b'")));
}

TEST(Wld, IsReadAsData) {
    Problems problems;
    EXPECT_EQ(read_wld(banks_wld, problems), banks());
    EXPECT_EQ(read_wld(" ezpolicy={\r\n'cons':[],\n\n\"orgs\" : [['x\\'\\x41\\\\', ['y',],],] , }\n", problems),
              (Workloads{{{{"x'A\\", 0}, {{"y", 0}}}}, {}}));
    EXPECT_TRUE(problems.none());
}

TEST(Wld, RefusesEverythingElse) {
    EXPECT_THAT(wld_errors(""), ElementsAre(HasSubstr("does not begin with 'ezpolicy = {'")));
    EXPECT_THAT(wld_errors("import os\nezpolicy = {}"), ElementsAre(HasSubstr("does not begin")));
    EXPECT_THAT(wld_errors("ezpolicy = {}"), ElementsAre("1: 'orgs' or 'cons' is missing"));
    EXPECT_THAT(wld_errors("ezpolicy = {'orgs': __import__('os').system('x'), 'cons': []}"),
                ElementsAre("1: '[' is expected, not '_'"));
    EXPECT_THAT(wld_errors("ezpolicy = {'orgs': [],\n 'cons': []}\nprint"),
                ElementsAre("3: something follows the definition"));
    EXPECT_THAT(wld_errors("ezpolicy = {'orgs': [], 'orgs': []}"), ElementsAre("1: the key 'orgs' is there twice"));
    EXPECT_THAT(wld_errors("ezpolicy = {'more': []}"), ElementsAre(HasSubstr("unknown key 'more'")));
    EXPECT_THAT(wld_errors("ezpolicy = {'orgs': [['a', [f()]]], 'cons': []}"),
                ElementsAre(HasSubstr("text in quotes")));
    EXPECT_THAT(wld_errors("ezpolicy = {'orgs': [['a\n"), ElementsAre("1: a text is not closed"));
    EXPECT_THAT(wld_errors("ezpolicy = {'orgs': [['\\N{DASH}', []]]}"), ElementsAre(HasSubstr("backslash")));
    EXPECT_THAT(wld_errors("ezpolicy = {'orgs': [['a', []] ['b', []]]}"), ElementsAre("1: ']' is expected, not '['"));
    EXPECT_THAT(wld_errors("ezpolicy = {'orgs': [['a', ["), ElementsAre("1: a text in quotes is expected"));
    EXPECT_THAT(wld_errors("ezpolicy = {'orgs': [" + std::string(100000, '[')), SizeIs(1));
    EXPECT_THAT(wld_errors("ezpolicy = {'orgs': [['" + std::string(2000, 'x')),
                ElementsAre(HasSubstr("longer than 1024")));
    EXPECT_THAT(wld_errors(std::string(std::size_t{100} << 20, ' ')), ElementsAre("0: larger than 4194304 bytes"));
    std::string many = "ezpolicy = {'orgs': [";
    for (int i = 0; i < 10001; ++i) many += "['a',[]],";
    EXPECT_THAT(wld_errors(many), ElementsAre("1: more than 10000 elements in one list"));
}

TEST(Toml, IsRead) {
    Problems problems;
    const NamedWorkloads read = read_toml(banks_toml, problems);
    EXPECT_THAT(lines(problems.errors()), IsEmpty());
    EXPECT_EQ(read.name, "mytest");
    EXPECT_EQ(read.workloads, banks());
    EXPECT_EQ(read.workloads.organisations[2].name.line, 6U);
    EXPECT_THAT(read_toml("unlabeled = false", problems).workloads.organisations, IsEmpty());
    EXPECT_TRUE(problems.none());
}

TEST(Toml, SaysWhatIsWrong) {
    EXPECT_THAT(toml_errors("name = "), ElementsAre(HasSubstr("1: not TOML: ")));
    for (const char* header : {"[%]", "[=", "[[[", "[\"", "[a.", "[ [a]]"}) // toml++ asserts some of these
        EXPECT_THAT(toml_errors(header), ElementsAre(HasSubstr("not TOML: "))) << header;
    EXPECT_THAT(toml_errors("nam = \"x\"\nunlabeled = 1\norganisation = 3\nexclusion = [1]"),
                ElementsAre("1: unknown key 'nam'; did you mean 'name'?", "2: unlabeled: must be true or false",
                            "3: organisation: write [[organisation]]", "4: exclusion: write [[exclusion]]"));
    EXPECT_THAT(toml_errors("[[organisation]]\ndepartments = \"x\"\n[[exclusion]]\nname = 3\n"),
                ElementsAre("1: organisation: name is missing", "2: departments: must be a list of texts",
                            "3: exclusion: types is missing", "4: name: must be a text in quotes"));
    EXPECT_THAT(toml_errors("[[exclusion]]\ntypes = [\"a\",\n 5]"), ElementsAre("3: types: must be a text in quotes"));
    EXPECT_THAT(toml_errors(std::string(std::size_t{100} << 20, ' ')), ElementsAre("0: larger than 4194304 bytes"));
    EXPECT_THAT(toml_errors("a = " + std::string(100000, '[')), SizeIs(1));
    EXPECT_THAT(toml_errors("\nname = \"\xff\""), ElementsAre("2: not ASCII text"));
    EXPECT_THAT(toml_errors("# K\xc3\xb6ln"), ElementsAre("1: not ASCII text"));
    EXPECT_THAT(toml_errors("name = \"\x1b\""), ElementsAre("1: not ASCII text"));
}

namespace {

struct Answers {
    std::vector<std::string> answers;
    std::vector<std::string> said;
    std::size_t next = 0;

    Result<NamedWorkloads> run(const std::string& name = "") {
        const Terminal terminal = {[this](const std::string&) -> std::optional<std::string> {
                                       if (next == answers.size()) return std::nullopt;
                                       return answers[next++];
                                   },
                                   [this](const std::string& text) { said.push_back(text); }};
        return ask_workloads(terminal, name);
    }
};

} // namespace

TEST(Dialog, AsksForTheManualsWorkloads) {
    Answers user = {{"mytest", "", "A-Bank", " SecurityUnderwriting,MarketAnalysis ", "B-Bank", "", "AutoCorp", "", "",
                     "A-Bank, B-Bank, __UNLABELED__", "RER",
                     "A-Bank.MarketAnalysis, A-Bank.SecurityUnderwriting, __UNLABELED__", "RER", ""},
                    {}};
    const auto made = user.run();
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->name, "mytest");
    EXPECT_EQ(made->workloads, banks());
    EXPECT_EQ(user.next, user.answers.size());
}

TEST(Dialog, AsksAgain) {
    Answers user = {
        {"NULL", "DEFAULT", "good", "perhaps", "n", "A:B", "A", "x,x", "y", "A", "", "A, B", "A, A", "A, A.y", ""}, {}};
    const auto made = user.run();
    EXPECT_THAT(user.said, Contains("name 'NULL' is reserved; choose another"));
    EXPECT_THAT(user.said, Contains("DEFAULT is reserved; choose another name"));
    EXPECT_THAT(user.said, Contains(HasSubstr("name 'A:B' contains :")));
    EXPECT_THAT(user.said, Contains("organisation A: department x is there twice"));
    EXPECT_THAT(user.said, Contains("organisation A is there twice"));
    EXPECT_THAT(user.said, Contains(HasSubstr("there is no organisation or department 'B'")));
    EXPECT_THAT(user.said, Contains(HasSubstr("fewer than two members")));
    EXPECT_THAT(user.said, Contains(HasSubstr("and its department A.y cannot exclude each other")));
    ASSERT_TRUE(made);
    EXPECT_EQ(made->workloads, (Workloads{{{{"A", 0}, {{"y", 0}}}}, {}}));
}

TEST(Dialog, EndsWithItsInput) {
    Answers user = {{"n"}, {}};
    const auto made = user.run("given");
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().message, "the answers ended at the question \"Organisation (nothing: no more):\"");
}

} // namespace bulkhead::policy
