#include "config/xl_conf.hpp"

#include <gtest/gtest.h>

using namespace bulkhead::config;

TEST(XlConf, ReadsWhatShapesDomains) {
    const auto conf =
        parse_xl_conf("autoballoon=\"off\"\nlockfile=\"/l\"\nmax_grant_frames=64\nclaim_mode=0\n"
                      "vifscript=\"old\"\nvif.default.script=\"new\"\nunknown_to_us=1\nvm.cpumask=\"0-3\"\n"
                      "vm.pv.cpumask=\"0\"\nvm.hvm.cpumask=\"^0\"\n",
                      "xl.conf");
    ASSERT_TRUE(conf) << conf.error().message;
    EXPECT_EQ(conf->autoballoon, Autoballoon::off);
    EXPECT_EQ(conf->lockfile, "/l");
    EXPECT_EQ(conf->host.max_grant_frames, 64);
    EXPECT_EQ(conf->host.claim_mode, 0);
    EXPECT_EQ(conf->nic.script, "new");
    EXPECT_EQ(conf->host.cpu_mask, "0-3");
    EXPECT_EQ(conf->host.pv_cpu_mask, "0");
    EXPECT_EQ(conf->host.hvm_cpu_mask, "^0");
}

TEST(XlConf, AnEmptyFileIsTheDefaults) {
    const auto conf = parse_xl_conf("", "xl.conf");
    ASSERT_TRUE(conf);
    EXPECT_EQ(conf->autoballoon, Autoballoon::automatic);
    EXPECT_EQ(conf->lockfile, "/var/lock/xl");
    EXPECT_FALSE(conf->host.max_grant_frames);
}

TEST(XlConf, SaysWhatIsWrong) {
    EXPECT_EQ(parse_xl_conf("\nautoballoon=\"maybe\"", "xl.conf").error().message,
              "xl.conf:2: autoballoon: must be \"on\", \"off\" or \"auto\"");
}
