#include "policy/compiled.hpp"

#include "samples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names_of_rows(const Policy& policy) {
    const Compiled compiled = compile(policy);
    std::vector<std::string> names;
    for (const LabelId id : compiled.vm_rows) names.push_back(id == Compiled::none ? "-" : policy.vm_labels()[id].name);
    for (const LabelId id : compiled.resource_rows) names.push_back("res " + policy.resource_labels()[id].name);
    return names;
}

std::string dump(const PolicyPtr& policy, const std::string& domain0, const std::vector<std::string>& running) {
    std::vector<LabelId> ids;
    for (const std::string& name : running) ids.push_back(samples::id(policy, name));
    std::string text;
    dump_policy(*policy, samples::id(policy, domain0), ids, [&](std::string_view part) { text += part; });
    return text;
}

// As Xen 4.1's compiler numbered the labels of the manual's policy.
TEST(Compiled, OrderOfTheManualsPolicy) {
    const PolicyPtr policy = samples::make(samples::banks());
    EXPECT_THAT(names_of_rows(*policy),
                ElementsAre("__UNLABELED__", "SystemManagement", "A-Bank", "A-Bank.MarketAnalysis",
                            "A-Bank.SecurityUnderwriting", "AutoCorp", "B-Bank", "res A-Bank",
                            "res A-Bank.MarketAnalysis", "res A-Bank.SecurityUnderwriting", "res AutoCorp",
                            "res B-Bank", "res SystemManagement"));
    EXPECT_EQ(compile(*policy).row_of(samples::id(policy, "B-Bank")), 6U);
}

TEST(Compiled, RowZeroStaysEmptyWithoutUnlabeledDomains) {
    const PolicyPtr policy = samples::make(samples::colours());
    EXPECT_THAT(names_of_rows(*policy), ElementsAre("-", "SystemManagement", "blue", "green", "red",
                                                    "res SystemManagement", "res blue", "res green", "res red"));
}

// Its rows are those that Xen's own test looks for (tools/xm-test/tests/security-acm, 02): the columns are the types
// SystemManagement, blue, green, red.
TEST(Compiled, DumpOfXensTestPolicy) {
    const PolicyPtr policy = samples::make(samples::colours());
    // The compiler's xm-test.bin has 260 bytes. The hypervisor's form has two rows of four 16-bit counts more.
    EXPECT_EQ(dump(policy, "SystemManagement", {"green", "red", "green"}), R"(
Policy dump:
============
POLICY REFERENCE = xm-test.
PolicyVer = 4.
XML Vers. = 1.0
Magic     = 1debc.
Len       = 114.
Primary   = CHINESE WALL (c=1, off=4c).
Secondary = SIMPLE TYPE ENFORCEMENT (c=2, off=b4).


Chinese Wall policy:
====================
Policy version= 1.
Max Types     = 4.
Max Ssidrefs  = 5.
Max ConfSets  = 1.
Ssidrefs Off  = 24.
Conflicts Off = 4c.
Runing T. Off = 54.
C. Agg. Off   = 5c.

SSID To CHWALL-Type matrix:

   ssidref 0:  00 00 00 00 
   ssidref 1:  01 00 00 00  <-- Domain-0
   ssidref 2:  00 01 00 00 
   ssidref 3:  00 00 01 00 
   ssidref 4:  00 00 00 01 

Confict Sets:

   c-set 0:    00 01 00 01 

Running
Types:         01 00 02 01 

Conflict
Aggregate Set: 00 01 00 00 


Simple Type Enforcement policy:
===============================
Policy version= 1.
Max Types     = 4.
Max Ssidrefs  = 9.
Ssidrefs Off  = 14.

SSID To STE-Type matrix:

   ssidref 0: 00 00 00 00 
   ssidref 1: 01 01 01 01  <-- Domain-0
   ssidref 2: 00 01 00 00 
   ssidref 3: 00 00 01 00 
   ssidref 4: 00 00 00 01 
   ssidref 5: 01 00 00 00 
   ssidref 6: 00 01 00 00 
   ssidref 7: 00 00 01 00 
   ssidref 8: 00 00 00 01 

)");
}

TEST(Compiled, DumpKnowsDomain0sLabel) {
    const PolicyPtr policy = samples::make(samples::banks());
    const std::string text = dump(policy, "A-Bank", {"A-Bank", "A-Bank.MarketAnalysis"});
    // Columns: A-Bank, A-Bank.MarketAnalysis, A-Bank.SecurityUnderwriting, AutoCorp, B-Bank, SystemManagement,
    // __UNLABELED__. Domain-0 counts, and both rules have __UNLABELED__.
    EXPECT_THAT(text, HasSubstr("   ssidref 2:  01 00 00 00 00 00 00  <-- Domain-0\n"));
    EXPECT_THAT(text, HasSubstr("Types:         03 01 00 00 00 00 00 \n"));
    EXPECT_THAT(text, HasSubstr("Aggregate Set: 00 00 01 00 03 00 04 \n"));
    EXPECT_THAT(text, HasSubstr("   ssidref c: 00 00 00 00 00 01 00 \n"));
}

} // namespace
} // namespace bulkhead::policy
