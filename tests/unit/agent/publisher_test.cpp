#include "agent/publisher.hpp"

#include <gtest/gtest.h>

namespace bulkhead::agent {
namespace {

TEST(Publisher, ReadsMeminfo) {
    constexpr auto text = "MemTotal:          96123 kB\nMemFree:           1 kB\nMemAvailable:      50000 kB\n";
    EXPECT_EQ(meminfo_kib(text, "MemTotal"), 96123U);
    EXPECT_EQ(meminfo_kib(text, "MemAvailable"), 50000U);
    EXPECT_EQ(meminfo_kib(text, "Mem"), std::nullopt);
    EXPECT_EQ(meminfo_kib("MemTotal: many kB", "MemTotal"), std::nullopt);
    EXPECT_EQ(meminfo_kib("", "MemTotal"), std::nullopt);
}

} // namespace
} // namespace bulkhead::agent
