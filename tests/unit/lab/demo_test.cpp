#include "lab/demo.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace bulkhead::lab {
namespace {

using testing::HasSubstr;

TEST(Demo, Stamps) {
    const char* const line = "@@ 12.34 dhcp ok=1 ip=10.0.2.15 gateway= server=10.0.2.2";
    EXPECT_TRUE(is_stamp(line, "dhcp"));
    EXPECT_FALSE(is_stamp(line, "ping"));
    EXPECT_FALSE(is_stamp("dhcp ok=1", "dhcp"));
    EXPECT_EQ(stamp_value(line, "ip"), "10.0.2.15");
    EXPECT_EQ(stamp_value(line, "gateway"), "");
    EXPECT_EQ(stamp_value(line, "i"), "");
    EXPECT_EQ(stamp_value("@@ 1 x a=\x1b[1m", "a"), "\\x1b[1m"); // a guest's text must not drive the terminal
}

TEST(Demo, TableAndJsonTellTheVerdict) {
    DemoReport report;
    report.ndvm_id = "1";
    report.nic_owner = "e1000e";
    report.dom0_drivers = {"e1000e"};
    report.stages = {{"images", 1.5}};
    EXPECT_THAT(demo_table(report), HasSubstr("FAILED"));
    EXPECT_THAT(demo_table(report), HasSubstr("1.5 s"));
    EXPECT_EQ(nlohmann::json::parse(demo_json(report))["proven"], false);
    report.proven = true;
    EXPECT_THAT(demo_table(report), testing::Not(HasSubstr("FAILED")));
}

} // namespace
} // namespace bulkhead::lab
