// The texts are those of the Xen 3 users' manual, chapter 10; sections in comments.
#include "policy/answers.hpp"

#include "samples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::policy {
namespace {

using testing::ElementsAre;

TEST(Answers, GetPolicy) {
    // 10.2.1
    EXPECT_EQ(getpolicy_answer("DEFAULT", "1.0"), "Supported security subsystems   : ACM\n"
                                                  "Policy name           : DEFAULT\n"
                                                  "Policy type           : ACM\n"
                                                  "Version of XML policy : 1.0\n"
                                                  "Policy configuration  : loaded\n");
    // 10.2.3
    EXPECT_EQ(getpolicy_answer("mytest", "1.0"), "Supported security subsystems   : ACM\n"
                                                 "Policy name           : mytest\n"
                                                 "Policy type           : ACM\n"
                                                 "Version of XML policy : 1.0\n"
                                                 "Policy configuration  : loaded, activated for boot\n");
}

TEST(Answers, Labels) {
    const PolicyPtr banks = samples::make(samples::banks());
    // 10.2.4
    EXPECT_THAT(label_names(*banks, LabelKind::domain),
                ElementsAre("A-Bank", "A-Bank.MarketAnalysis", "A-Bank.SecurityUnderwriting", "AutoCorp", "B-Bank",
                            "SystemManagement", "__UNLABELED__"));
    // 10.3.5, where the manual forgot SystemManagement
    const PolicyPtr update = samples::make(samples::banks_update());
    EXPECT_THAT(label_names(*update, LabelKind::domain),
                ElementsAre("A-Bank", "A-Bank-WL", "A-Bank.MA", "A-Bank.SU", "AutoCorp", "B-Bank", "SystemManagement"));
    EXPECT_THAT(label_names(*update, LabelKind::resource),
                ElementsAre("A-Bank", "A-Bank.MA", "A-Bank.SU", "AutoCorp", "B-Bank", "SystemManagement"));
    EXPECT_THAT(label_names(*update, LabelKind::any),
                ElementsAre("A-Bank", "A-Bank-WL", "A-Bank.MA", "A-Bank.SU", "AutoCorp", "B-Bank", "SystemManagement"));
    // Labels of resources that end in A, M, N, V or Y were in xm's list of domain labels.
    const PolicyPtr colours = samples::make(samples::colours_update());
    EXPECT_THAT(label_names(*colours, LabelKind::domain),
                ElementsAre("GREEN", "SystemManagement", "__UNLABELED__", "red"));
    EXPECT_EQ(label_kind("dom"), LabelKind::domain);
    EXPECT_EQ(label_kind("RES"), LabelKind::resource);
    EXPECT_EQ(label_kind("any"), LabelKind::any);
    EXPECT_EQ(label_kind("domain"), std::nullopt);
}

TEST(Answers, Resources) {
    // 10.2.5 and 10.2.6, as far as the lines of names go those of the manual's source
    const LabelledResource image = {"file:/home/xen/dom_fc5/fedora.fc5.img", "mytest", "A-Bank", true};
    const LabelledResource swap = {"file:/home/xen/dom_fc5/fedora.fc5.swap", "mytest", "B-Bank", true};
    EXPECT_EQ(resources_answer({image, swap}), "file:/home/xen/dom_fc5/fedora.fc5.swap\n"
                                               "      type: ACM\n"
                                               "    policy: mytest\n"
                                               "     label: B-Bank\n"
                                               "file:/home/xen/dom_fc5/fedora.fc5.img\n"
                                               "      type: ACM\n"
                                               "    policy: mytest\n"
                                               "     label: A-Bank\n");
    // 10.3.5, after resetpolicy
    EXPECT_EQ(resources_answer({{image.name, "mytest", "A-Bank", false}}), "file:/home/xen/dom_fc5/fedora.fc5.img\n"
                                                                           "      type: INV_ACM\n"
                                                                           "    policy: mytest\n"
                                                                           "     label: A-Bank\n");
    EXPECT_EQ(resources_answer({}), "");
}

TEST(Answers, GetLabel) {
    EXPECT_EQ(config_label_answer("mytest", "AutoCorp"), "policytype=ACM,policy=mytest,label=AutoCorp"); // 10.3.5
    EXPECT_EQ(full_label("mytest", "A-Bank"), "ACM:mytest:A-Bank");
    EXPECT_EQ(full_label("xm-test", "blue", false), "INV_ACM:xm-test:blue");
}

// Words of each line: the manual squeezed the columns.
std::string squeezed(const std::string& text) {
    std::string made;
    for (const char c : text) {
        if (c != ' ' || (!made.empty() && made.back() != ' ')) made += c;
    }
    return made;
}

TEST(Answers, ListOfLabels) {
    // 10.2.7, in another order
    const std::string text =
        label_list_answer({{"Domain-0", "0", 711, 1, "r-----", 107.6, "ACM:mytest:SystemManagement"},
                           {"domain3", "8", 164, 1, "-b----", 0.3, "ACM:mytest:AutoCorp"},
                           {"domain1", "7", 128, 1, "-b----", 0.8, "ACM:mytest:A-Bank"}});
    EXPECT_EQ(squeezed(text), "Name ID Mem VCPUs State Time(s) Label\n"
                              "domain1 7 128 1 -b---- 0.8 ACM:mytest:A-Bank\n"
                              "domain3 8 164 1 -b---- 0.3 ACM:mytest:AutoCorp\n"
                              "Domain-0 0 711 1 r----- 107.6 ACM:mytest:SystemManagement\n");
    // Python's '%-40s %5s %5d %5d %10s %8.1f %10s'
    EXPECT_NE(
        text.find("domain1                                      7   128     1     -b----      0.8 ACM:mytest:A-Bank"),
        std::string::npos);
    EXPECT_EQ(text.substr(0, text.find('\n')),
              "Name                                        ID   Mem VCPUs      State   Time(s) Label");
}

TEST(Answers, ListOfLabelsIsInTheirOrder) {
    // 10.2.8 and 10.2.4: '_' stands before 's', whatever the case of SystemManagement
    const std::string text =
        label_list_answer({{"Domain-0", "0", 711, 1, "r-----", 128.4, "ACM:mytest:SystemManagement"},
                           {"domain1", "-1", 128, 1, "------", 0.0, "ACM:mytest:__UNLABELED__"},
                           {"b", "2", 1, 1, "------", 0.0, "INACTIVE"},
                           {"a", "3", 1, 1, "------", 0.0, "INACTIVE"}});
    EXPECT_EQ(squeezed(text), "Name ID Mem VCPUs State Time(s) Label\n"
                              "domain1 -1 128 1 ------ 0.0 ACM:mytest:__UNLABELED__\n"
                              "Domain-0 0 711 1 r----- 128.4 ACM:mytest:SystemManagement\n"
                              "b 2 1 1 ------ 0.0 INACTIVE\n"
                              "a 3 1 1 ------ 0.0 INACTIVE\n");
}

// As the tests of Xen 4.1's tools wanted it (tools/xm-test/tests/security-acm, 05 and 03).
TEST(Answers, DryRun) {
    DryRun run;
    run.domain = "blue";
    run.policy = "xm-test";
    run.label = "blue";
    run.permitted = run.labelled = true;
    run.resources = {{"phy:ram0", false, "ACM", "xm-test", "red"}, {"phy:/dev/ram1", true, "ACM", "xm-test", "blue"}};
    EXPECT_FALSE(run.passed());
    EXPECT_EQ(dry_run_answer(run), "Checking domain:\n"
                                   "   blue: PERMITTED\n"
                                   "Checking resources:\n"
                                   "   phy:ram0: DENIED\n"
                                   "   --> res: red (ACM:xm-test)\n"
                                   "   --> dom: blue (ACM:xm-test)\n"
                                   "   phy:/dev/ram1: PERMITTED\n"
                                   "Dry Run: FAILED\n");
    run.resources[0] = {"phy:ram0", false, "", "", ""}; // without a label
    EXPECT_NE(dry_run_answer(run).find("   --> res: __UNLABELED__ (ACM:xm-test)\n"), std::string::npos);
    run.resources.clear();
    EXPECT_TRUE(run.passed());
    EXPECT_EQ(dry_run_answer(run), "Checking domain:\n"
                                   "   blue: PERMITTED\n"
                                   "Checking resources:\n"
                                   "Dry Run: PASSED\n");
}

TEST(Answers, DryRunOfADomainThatIsDenied) {
    DryRun run;
    run.domain = "domain4";
    EXPECT_EQ(dry_run_answer(run), "Checking domain:\n"
                                   "   domain4: DENIED\n"
                                   "   --> Domain not labeled\n"
                                   "Checking resources: (skipped)\n"
                                   "Dry Run: FAILED\n");
    run.labelled = true;
    run.enforced = false;
    EXPECT_NE(dry_run_answer(run).find("   --> Security off, but domain labeled\n"), std::string::npos);
}

TEST(Answers, ErrorTexts) {
    EXPECT_EQ(xs_error_text(19), "The version of the policy prevents an update");
    EXPECT_EQ(xs_error_text(21), "Operation not premittend - the VM is in the wrong state");
    EXPECT_EQ(xs_error_text(28), "Duplicate labels or types in policy");
    EXPECT_EQ(xs_error_text(29), "General Failure");
}

TEST(Answers, PythonsQuotes) {
    EXPECT_EQ(python_quoted("Domain not labeled"), "'Domain not labeled'"); // 10.2.7
    EXPECT_EQ(python_quoted("'phy:a' is already labeled with 'ACM:p:l'."),
              "\"'phy:a' is already labeled with 'ACM:p:l'.\"");
    EXPECT_EQ(python_quoted("'\"\\"), "'\\'\"\\\\'");
}

TEST(Answers, RefusalsInTheManualsWords) {
    // 10.2.7, 10.2.6, 10.2.4
    EXPECT_EQ(xm_refusal("VM is not authorized to run: Domain-0 (A-Bank) lacks the type AutoCorp"),
              "VM is not authorized to run.");
    EXPECT_EQ(xm_refusal("domain2: Domain in conflict set with running domains: A-Bank and B-Bank exclude each other"),
              "'Domain in conflict set with running domains'");
    EXPECT_EQ(xm_refusal("VM's access to block device '/home/xen/dom_fc5/fedora.fc5.img' denied: it has no label"),
              "VM's access to block device 'file:/home/xen/dom_fc5/fedora.fc5.img' denied");
    EXPECT_EQ(xm_refusal("VM's access to block device '/dev/sda7' denied: x"),
              "VM's access to block device 'phy:/dev/sda7' denied");
    EXPECT_EQ(xm_refusal("VM's access to network device denied. Check labeling: x"),
              "VM's access to network device denied. Check labeling");
    EXPECT_EQ(xm_refusal("VM's access to block device 'x"), "VM's access to block device 'x");
    EXPECT_EQ(xm_refusal("no such domain"), "no such domain");
}

} // namespace
} // namespace bulkhead::policy
