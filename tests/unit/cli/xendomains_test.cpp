#include "cli/xendomains.hpp"

#include <gmock/gmock.h>

namespace bulkhead::cli {
namespace {

using ::testing::HasSubstr;

TEST(Xendomains, ReadsWhatTheScriptReads) {
    const auto settings = parse_xendomains("## Path: System\nXENDOMAINS_SYSRQ=\"\"\nXENDOMAINS_SAVE=\"\"\n"
                                           "XENDOMAINS_RESTORE=false\nXENDOMAINS_AUTO=/etc/xen/start\n"
                                           "XENDOMAINS_STOP_MAXWAIT=30\n",
                                           "file");
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->save, "");
    EXPECT_FALSE(settings->restore);
    EXPECT_EQ(settings->autostart, "/etc/xen/start");
    EXPECT_EQ(settings->patience, std::chrono::seconds(30));
}

TEST(Xendomains, WhatIsNotThereHasItsDefault) {
    const auto settings = parse_xendomains("", "file");
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->save, "/var/lib/xen/save");
    EXPECT_TRUE(settings->restore);
    EXPECT_EQ(settings->autostart, "/etc/xen/auto");
    EXPECT_EQ(settings->patience, std::chrono::seconds(300));
}

TEST(Xendomains, NothingIsGuessed) {
    const auto error = [](const std::string& text) {
        const auto settings = parse_xendomains(text, "file");
        return settings ? std::string() : settings.error().message;
    };
    EXPECT_THAT(error("XENDOMAINS_SAVE=$(hostname)"), HasSubstr("which is not run"));
    EXPECT_THAT(error("XENDOMAINS_SAVE=save"), HasSubstr("no absolute path"));
    EXPECT_THAT(error("XENDOMAINS_STOP_MAXWAIT=soon"), HasSubstr("'soon' is not a number"));
}

} // namespace
} // namespace bulkhead::cli
