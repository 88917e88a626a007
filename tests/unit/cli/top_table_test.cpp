#include "cli/top_table.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace bulkhead;
using nlohmann::json;

namespace {

json answer(std::uint64_t clock_us, std::uint64_t dom0_ns, std::uint64_t client_ns) {
    return json::parse(R"({"xen_version": "4.17.7", "total_kib": 4194304, "free_kib": 1048576, "cpus": 2,
        "cpu_khz": 2799998, "domains": [
        {"id": 0, "name": "Domain-0", "running": true, "memory_kib": 1048576, "vcpus": 2, "ssid": 0},
        {"id": 3, "name": "a-client-with-a-long-name", "blocked": true, "memory_kib": 131072,
         "max_memory_kib": 262144, "vcpus": 1, "ssid": 0,
         "vifs": [{"index": 0, "rx_bytes": 2048, "tx_bytes": 1048576, "rx_packets": 7},
                  {"index": 1, "rx_bytes": 1024, "tx_bytes": 0}],
         "vbds": [{"device": 51712, "out_of_requests": 1, "reads": 20, "writes": 3, "read_sectors": 400,
                   "written_sectors": 50}, {"device": 51728}]}]})")
        .patch(json::array({{{"op", "add"}, {"path", "/clock_us"}, {"value", clock_us}},
                            {{"op", "add"}, {"path", "/domains/0/cpu_time_ns"}, {"value", dom0_ns}},
                            {{"op", "add"}, {"path", "/domains/1/cpu_time_ns"}, {"value", client_ns}}}));
}

TEST(TopTable, PercentagesOfTwoSamples) {
    const cli::TopSample before = cli::read_sample(answer(1000000, 5000000000, 1000000000));
    cli::TopSample now = cli::read_sample(answer(3000000, 8000000000, 1500000000));
    cli::compare_samples(now, before);
    EXPECT_DOUBLE_EQ(now.domains[0].cpu_percent, 150); // 3 s on two processors within 2 s
    EXPECT_DOUBLE_EQ(now.domains[1].cpu_percent, 25);
    const json shares = cli::with_percentages(answer(3000000, 8000000000, 1500000000), now);
    EXPECT_DOUBLE_EQ(shares["domains"][0]["cpu_percent"], 150);
    EXPECT_DOUBLE_EQ(shares["domains"][0]["memory_percent"], 25);
    EXPECT_FALSE(shares["domains"][0].contains("max_memory_percent"));
    EXPECT_DOUBLE_EQ(shares["domains"][1]["max_memory_percent"], 6.25);
}

TEST(TopTable, NoPercentageOutOfNothing) {
    const cli::TopSample before = cli::read_sample(answer(1000000, 5000000000, 9000000000));
    cli::TopSample reborn = cli::read_sample(answer(2000000, 5500000000, 1000000));
    cli::compare_samples(reborn, before); // another domain with the same id
    EXPECT_DOUBLE_EQ(reborn.domains[0].cpu_percent, 50);
    EXPECT_DOUBLE_EQ(reborn.domains[1].cpu_percent, 0);

    cli::TopSample same = cli::read_sample(answer(1000000, 9000000000, 9000000000));
    cli::compare_samples(same, before); // no time has passed
    EXPECT_DOUBLE_EQ(same.domains[0].cpu_percent, 0);

    cli::TopSample fresh = cli::read_sample(answer(2000000, 5500000000, 1000000));
    cli::compare_samples(fresh, cli::TopSample());
    EXPECT_DOUBLE_EQ(fresh.domains[0].cpu_percent, 0);
}

// The lines of xentop -b for such domains.
TEST(TopTable, LinesAsXentop) {
    cli::TopSample sample = cli::read_sample(answer(1000000, 5000000000, 1000000000));
    const auto lines = cli::top_lines(sample, {});
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_TRUE(lines[0].header);
    EXPECT_EQ(lines[0].text,
              "      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) MAXMEM(%) VCPUS NETS NETTX(k) "
              "NETRX(k) VBDS   VBD_OO   VBD_RD   VBD_WR  VBD_RSECT  VBD_WSECT SSID");
    EXPECT_EQ(lines[1].text,
              "a-client-w --b---          1    0.0     131072    3.1     262144       6.2     1    2     1024 "
              "       3    2        1       20        3        400         50    0");
    EXPECT_EQ(lines[2].text,
              "  Domain-0 -----r          5    0.0    1048576   25.0   no limit       n/a     2    0        0 "
              "       0    0        0        0        0          0          0    0");
}

TEST(TopTable, OrderAndViews) {
    const cli::TopSample sample = cli::read_sample(answer(1000000, 5000000000, 1000000000));
    cli::TopView view;
    std::string first;
    for (std::size_t column = 0; column < cli::top_columns(); ++column) {
        view.sort_by = column;
        first += cli::top_lines(sample, view)[1].text.find("Domain-0") == std::string::npos ? 'c' : '0';
    }
    // name, state: client; CPU, memory, its limit, VCPUs: dom0; networks, disks: client; SSID: as they come.
    EXPECT_EQ(first, "cc0000" // name, state: the client; processor and memory: dom0
                     "000"    // its limit, which is none, and VCPUs
                     "ccc"    // networks
                     "cccccc" // disks
                     "0");    // as they come
    view = {};
    view.full_name = view.vifs = view.vbds = view.repeat_header = true;
    const auto lines = cli::top_lines(sample, view);
    ASSERT_EQ(lines.size(), 8U); // header, client, two vifs, two disks, header, dom0
    EXPECT_NE(lines[1].text.find("a-client-with-a-long-name --b---"), std::string::npos);
    EXPECT_NE(lines[2].text.find("Net0 RX:     2048bytes        7pkts"), std::string::npos);
    EXPECT_NE(lines[4].text.find("VBD BlkBack 51712 [ca: 0]  OO:        1   RD:       20"), std::string::npos);
    EXPECT_NE(lines[5].text.find("OO:        -   RD:        -"), std::string::npos);
    EXPECT_TRUE(lines[6].header);
    view.first_row = 99;
    EXPECT_EQ(cli::top_lines(sample, view).size(), 2U);
    EXPECT_TRUE(cli::top_lines(cli::TopSample(), view).empty());
}

TEST(TopTable, WideNumbersWidenTheirColumn) {
    json wide = answer(1, 1, 1);
    wide["domains"][1]["vifs"][0]["tx_bytes"] = std::uint64_t{123456789012} * 1024;
    const auto lines = cli::top_lines(cli::read_sample(wide), {});
    EXPECT_NE(lines[1].text.find(" 123456789012 "), std::string::npos);
    EXPECT_EQ(lines[0].text.size(), lines[1].text.size());
    EXPECT_EQ(lines[0].text.size(), lines[2].text.size());
}

TEST(TopTable, Summary) {
    const auto lines = cli::top_summary(cli::read_sample(answer(1, 1, 1)), "12:00:00");
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0], "bulkhead top - 12:00:00   Xen 4.17.7");
    EXPECT_EQ(lines[1], "2 domains: 1 running, 1 blocked, 0 paused, 0 crashed, 0 dying, 0 shutdown");
    EXPECT_EQ(lines[2], "Mem: 4194304k total, 3145728k used, 1048576k free    CPUs: 2 @ 2799MHz");
}

TEST(TopTable, HostileNames) {
    json hostile = answer(1, 1, 1);
    hostile["domains"][1]["name"] = "\x1b[2Jx";
    const cli::TopSample sample = cli::read_sample(hostile);
    EXPECT_EQ(sample.domains[1].name.find('\x1b'), std::string::npos);
}

} // namespace
