#include "base/cpu_set.hpp"

#include <gtest/gtest.h>

using namespace bulkhead;

namespace {

const std::vector<CpuSet> two_nodes = {{true, true, false, false, false, false, false, false},
                                       {false, false, true, true, true, true, false, false}};

std::string read(std::string_view text) {
    const auto set = parse_cpu_set(text, 8, two_nodes);
    return set ? cpu_set_text(*set) : "error: " + set.error().message;
}

// What xl's print_bitmap() prints.
TEST(CpuSet, Text) {
    EXPECT_EQ(cpu_set_text({}), "none");
    EXPECT_EQ(cpu_set_text({false, false}), "none");
    EXPECT_EQ(cpu_set_text({true}), "all");
    EXPECT_EQ(cpu_set_text({true, true, true}), "all");
    EXPECT_EQ(cpu_set_text({true, true, false}), "0-1");
    EXPECT_EQ(cpu_set_text({false, true, true}), "1-2");
    EXPECT_EQ(cpu_set_text({true, false, true, true, false, true}), "0,2-3,5");
}

// The examples of xl.cfg(5), cpus=, among others.
TEST(CpuSet, Parse) {
    EXPECT_EQ(read("all"), "all");
    EXPECT_EQ(read("0-3,5,^1"), "0,2-3,5");
    EXPECT_EQ(read("node:1"), "2-5");
    EXPECT_EQ(read("nodes:0-1"), "0-5");
    EXPECT_EQ(read("nodes:0-1,^node:0"), "2-5");
    EXPECT_EQ(read("nodes:0-1,6,^2"), "0-1,3-6");
    EXPECT_EQ(read("all,^0-6"), "7");
    EXPECT_EQ(read("0-7"), "all");
}

TEST(CpuSet, Refuses) {
    for (const char* text : {"", ",", "1,", "-", "1-", "-1", "3-1", "x", "node:", "node", "1 ", "0x1", "+1"}) {
        EXPECT_NE(read(text).find("is no processor"), std::string::npos) << text << ": " << read(text);
    }
    EXPECT_EQ(read("8"), "error: '8': this host has processors 0 to 7");
    EXPECT_EQ(read("0-99999999999"),
              "error: '0-99999999999' is no processor: write N, N-M, all, node:N, or one of them after ^");
    EXPECT_EQ(read("node:2"), "error: 'node:2': this host has nodes 0 to 1");
    EXPECT_EQ(read("^all"), "error: '^all': '^' cannot take all processors out");
    EXPECT_EQ(read("1,^1"), "error: '1,^1' leaves no processor");
    EXPECT_EQ(read("^1"), "error: '^1' leaves no processor");
}

} // namespace
