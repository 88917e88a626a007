#include "policy/check.hpp"

#include "policy/write_xml.hpp"
#include "samples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::policy {
namespace {

using samples::label;
using samples::rule;
using samples::texts;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> errors(const Document& document) {
    Problems problems;
    check(document, problems);
    std::vector<std::string> found;
    for (const Problem& error : problems.errors()) found.push_back(error.text);
    return found;
}

// The errors of the banks' policy after a change.
template <typename Change>
std::vector<std::string> after(Change change) {
    Document document = samples::banks();
    document.header.name.line = document.header.version.line = 1; // 0 means that the element is missing
    change(document);
    return errors(document);
}

} // namespace

TEST(Check, AcceptsRealPolicies) {
    EXPECT_THAT(errors(samples::banks()), IsEmpty());
    EXPECT_THAT(errors(samples::banks_update()), IsEmpty());
    EXPECT_THAT(errors(samples::colours()), IsEmpty());
    EXPECT_THAT(errors(samples::colours_update()), IsEmpty());
    EXPECT_THAT(errors(samples::initial()), IsEmpty());
}

TEST(Check, AcceptsTheManualsVioServer) {
    EXPECT_THAT(after([](Document& d) {
                    d.ste.push_back({"VIOServer", 0});
                    d.chinese_wall.push_back({"VIOServer", 0});
                    d.vm_labels[0].ste.push_back({"VIOServer", 0});
                    d.vm_labels.push_back(label("VIO: A-Bank A-Bank.SecurityUnderwriting A-Bank.MarketAnalysis "
                                                "VIOServer / VIOServer"));
                }),
                IsEmpty());
}

TEST(Check, RefusesConflictingTypesInOneLabel) {
    EXPECT_THAT(after([](Document& d) { d.vm_labels.push_back(label("Both: A-Bank / A-Bank B-Bank")); }),
                ElementsAre("VM label Both has the types A-Bank and B-Bank, which exclude each other by rule RER"));
    // A department under a rule with its own organisation.
    EXPECT_THAT(after([](Document& d) { d.conflicts.push_back(rule("Own", "A-Bank A-Bank.MarketAnalysis")); }),
                ElementsAre("VM label A-Bank.MarketAnalysis has the types A-Bank and A-Bank.MarketAnalysis, which "
                            "exclude each other by rule Own"));
}

TEST(Check, RefusesBadConflictSets) {
    EXPECT_THAT(after([](Document& d) { d.conflicts.push_back(rule("One", "AutoCorp")); }),
                ElementsAre("conflict set 'One' has fewer than two types, so it excludes nothing"));
    EXPECT_THAT(after([](Document& d) { d.conflicts.push_back(rule("Twice", "AutoCorp AutoCorp")); }),
                ElementsAre("conflict set 'Twice': Chinese Wall type AutoCorp is listed twice",
                            "conflict set 'Twice' has fewer than two types, so it excludes nothing"));
    EXPECT_THAT(after([](Document& d) { d.conflicts.push_back(rule("Typo", "AutoCorp B-Bnak")); }),
                ElementsAre("conflict set 'Typo': Chinese Wall type 'B-Bnak' is not declared; did you mean 'B-Bank'?"));
    EXPECT_THAT(after([](Document& d) { d.conflicts[0].name.text.clear(); }),
                ElementsAre("a conflict set has no name"));
}

TEST(Check, RefusesUndeclaredTypes) {
    EXPECT_THAT(after([](Document& d) { d.vm_labels.push_back(label("New: Fresh / Other")); }),
                ElementsAre("VM label New: STE type 'Fresh' is not declared",
                            "VM label New: Chinese Wall type 'Other' is not declared"));
    EXPECT_THAT(after([](Document& d) { d.resource_labels.push_back(label("disk: Fresh")); }),
                ElementsAre("resource label disk: STE type 'Fresh' is not declared"));
    // Renamed where it is declared, but not where it is used: the manual's example of an inconsistent update.
    EXPECT_THAT(after([](Document& d) { d.ste[6].text = d.chinese_wall[6].text = "CarCorp"; }).size(), 4U);
}

TEST(Check, RefusesDuplicates) {
    EXPECT_THAT(after([](Document& d) {
                    d.ste.push_back({"A-Bank", 9});
                }),
                ElementsAre("STE type A-Bank is declared twice, first in line 0"));
    EXPECT_THAT(after([](Document& d) {
                    d.chinese_wall.push_back({"A-Bank", 9});
                }),
                ElementsAre("Chinese Wall type A-Bank is declared twice, first in line 0"));
    EXPECT_THAT(after([](Document& d) { d.vm_labels.push_back(label("A-Bank: B-Bank / B-Bank")); }),
                ElementsAre("VM label A-Bank is defined twice, first in line 0"));
    EXPECT_THAT(after([](Document& d) { d.resource_labels.push_back(label("A-Bank: B-Bank")); }),
                ElementsAre("resource label A-Bank is defined twice, first in line 0"));
    EXPECT_THAT(after([](Document& d) {
                    d.vm_labels[2].ste.push_back({"A-Bank", 0});
                }),
                ElementsAre("VM label A-Bank: STE type A-Bank is listed twice"));
    // Names of conflict sets are for people: the manual's own policy has two "RER".
    EXPECT_THAT(after([](Document& d) { d.conflicts[0].name.text = "another"; }), IsEmpty());
}

TEST(Check, RefusesReservedAndForeignNames) {
    EXPECT_THAT(after([](Document& d) { d.header.name.text = "NULL"; }),
                ElementsAre("PolicyName: name 'NULL' is reserved; choose another"));
    EXPECT_THAT(after([](Document& d) { d.vm_labels.push_back(label("__NULL_LABEL__: A-Bank")); }),
                ElementsAre("VM label: name '__NULL_LABEL__' is reserved; choose another"));
    EXPECT_THAT(after([](Document& d) { d.resource_labels.push_back(label("__INACCESSIBLE__: A-Bank")); }),
                ElementsAre("resource label: name '__INACCESSIBLE__' is reserved; choose another"));
    EXPECT_THAT(after([](Document& d) {
                    d.ste.push_back({"K\xc3\xb6ln", 0});
                }),
                ElementsAre("STE type: name 'K\xc3\xb6ln' is not ASCII"));
    EXPECT_THAT(after([](Document& d) { d.vm_labels[2].name.text = ""; }), ElementsAre("VM label: the name is empty"));
}

TEST(Check, KeepsTheNameDefaultForWhatRunsNothing) {
    EXPECT_THAT(after([](Document& d) { d.header.name.text = "DEFAULT"; }),
                ElementsAre(HasSubstr("DEFAULT is reserved for the policy that knows only SystemManagement")));
}

TEST(Check, RefusesVersions) {
    EXPECT_THAT(after([](Document& d) { d.header.version.text = "01.1"; }),
                ElementsAre("Version: version '01.1' has a leading zero"));
    EXPECT_THAT(after([](Document& d) {
                    d.header.from = FromPolicy{{"my:test", 3}, {"1x0", 4}};
                }),
                ElementsAre("FromPolicy: name 'my:test' contains :, which is not allowed",
                            "FromPolicy: version '1x0' is not MAJOR.MINOR, such as 1.0"));
}

TEST(Check, RefusesABootstrapLabelThatIsNone) {
    EXPECT_THAT(after([](Document& d) { d.bootstrap.text = "Dom0"; }),
                ElementsAre("the bootstrap label 'Dom0' is not a VM label of this policy"));
    EXPECT_THAT(after([](Document& d) { d.vm_labels.clear(); }),
                ElementsAre("there are no VM labels, but Domain-0 needs one"));
}

TEST(Check, RefusesAmbiguousRenames) {
    EXPECT_THAT(after([](Document& d) { d.vm_labels.push_back(label("New<A-Bank: A-Bank")); }),
                ElementsAre(HasSubstr("VM label New: comes from A-Bank, but a label of that name is still there")));
    EXPECT_THAT(after([](Document& d) {
                    d.vm_labels.push_back(label("New<Old: A-Bank"));
                    d.vm_labels.push_back(label("Newer<Old: A-Bank"));
                }),
                ElementsAre("VM label Newer: the label New comes from Old as well"));
    EXPECT_THAT(after([](Document& d) { d.vm_labels.push_back(label("New<__UNLABELED__: A-Bank")); }).size(), 2U);
    EXPECT_THAT(after([](Document& d) { d.vm_labels.push_back(label("New<: A-Bank")); }),
                ElementsAre("VM label New: from: the name is empty"));
    // Two that change places, and the same name as before.
    EXPECT_THAT(after([](Document& d) {
                    d.vm_labels[2].from = Text{"B-Bank", 0};
                    d.vm_labels[5].from = Text{"A-Bank", 0};
                    d.vm_labels[6].from = Text{"AutoCorp", 0};
                }),
                IsEmpty());
}

// Each by itself is within its limit; together they would take minutes.
TEST(Check, IsBounded) {
    const auto errors = after([](Document& d) {
        for (int i = 0; i < 1500; ++i) {
            d.conflicts.push_back(rule("R", "A-Bank B-Bank"));
            d.vm_labels.push_back(label("L" + std::to_string(i) + ": A-Bank / A-Bank"));
        }
    });
    EXPECT_THAT(errors, ElementsAre("the labels' Chinese Wall types are in too many conflict sets altogether"));
}

TEST(Check, WarnsOfLabelsThatNothingCanRunWith) {
    Document document = samples::banks();
    document.vm_labels.push_back(label("Idle: / AutoCorp"));
    const Loaded loaded = load(write_xml(document));
    ASSERT_TRUE(loaded.policy);
    ASSERT_EQ(loaded.warnings.size(), 1U);
    EXPECT_EQ(loaded.warnings[0].text, "VM label Idle has no STE type: nothing can run or be used with it");
}

TEST(Problems, AreSortedAndBounded) {
    Problems problems;
    for (unsigned i = 0; i < 1500; ++i) problems.error(2000 - i, "x");
    const auto errors = problems.errors();
    ASSERT_EQ(errors.size(), 1001U);
    EXPECT_EQ(errors.front().line, 1001U);
    EXPECT_EQ(format(errors.back(), "file"), "file: and 500 more");
    EXPECT_EQ(format(errors.front(), "file"), "file:1001: x");
}

} // namespace bulkhead::policy
