#include "domain/local_counters.hpp"

#include "base/file.hpp"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

using namespace bulkhead;

namespace {

TEST(LocalCounters, VifsOfProcNetDev) {
    const auto vifs = domain::parse_vif_counters(
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls "
        "carrier compressed\n"
        "    lo:    1000      10    0    0    0     0          0         0     1000      10    0    0    0     0       "
        "0          0\n"
        "vif12.1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
        "  vif3.0:18446744073709551615 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n"
        "vif3.0-emu: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
        "vif3: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
        "vif4.0: 1 2 3\n"
        "vif5.0: 1 2 3 x 5 6 7 8 9 10 11 12 13 14 15 16\n");
    ASSERT_EQ(vifs.size(), 2U);
    EXPECT_EQ(vifs[0].domain, 12U);
    EXPECT_EQ(vifs[0].devid, 1U);
    EXPECT_EQ(vifs[0].received_bytes, 1U);
    EXPECT_EQ(vifs[0].received_packets, 2U);
    EXPECT_EQ(vifs[0].received_errors, 3U);
    EXPECT_EQ(vifs[0].received_dropped, 4U);
    EXPECT_EQ(vifs[0].sent_bytes, 9U);
    EXPECT_EQ(vifs[0].sent_packets, 10U);
    EXPECT_EQ(vifs[0].sent_errors, 11U);
    EXPECT_EQ(vifs[0].sent_dropped, 12U);
    EXPECT_EQ(vifs[1].received_bytes, UINT64_MAX);
    EXPECT_TRUE(domain::parse_vif_counters("").empty());
}

TEST(LocalCounters, DisksOfSysfs) {
    char name[] = "/tmp/bulkhead-counters-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    const std::string folder = name;
    const auto put = [&](const std::string& file, const char* text) {
        std::filesystem::create_directories(std::filesystem::path(folder + "/" + file).parent_path());
        ASSERT_TRUE(write_file_atomic(folder + "/" + file, text));
    };
    for (const char* file : {"oo_req", "rd_req", "wr_req", "rd_sect", "wr_sect"})
        put(std::string("vbd-3-51712/statistics/") + file, "42\n");
    put("vbd-3-51712/statistics/rd_sect", "7\n");
    put("vbd-4-51712/nodename", "backend/vbd/4/51712\n");
    put("vif-3-0/nodename", "backend/vif/3/0\n");
    auto disks = domain::disk_counters(folder);
    ASSERT_EQ(disks.size(), 2U);
    if (disks[0].domain == 4) std::swap(disks[0], disks[1]); // in any order
    EXPECT_EQ(disks[0].domain, 3U);
    EXPECT_EQ(disks[0].device, 51712U);
    EXPECT_TRUE(disks[0].known);
    EXPECT_EQ(disks[0].reads, 42U);
    EXPECT_EQ(disks[0].read_sectors, 7U);
    EXPECT_EQ(disks[1].domain, 4U);
    EXPECT_FALSE(disks[1].known);
    std::filesystem::remove_all(folder);
    EXPECT_TRUE(domain::disk_counters(folder).empty());
}

} // namespace
