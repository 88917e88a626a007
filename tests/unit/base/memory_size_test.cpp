#include "base/memory_size.hpp"

#include <gtest/gtest.h>

using namespace bulkhead;

namespace {

TEST(MemorySize, Units) {
    EXPECT_EQ(parse_memory_kib("128").value_or(0), 128U * 1024);
    EXPECT_EQ(parse_memory_kib("128m").value_or(0), 128U * 1024);
    EXPECT_EQ(parse_memory_kib("128M").value_or(0), 128U * 1024);
    EXPECT_EQ(parse_memory_kib("1k").value_or(0), 1U);
    EXPECT_EQ(parse_memory_kib("2g").value_or(0), 2U << 20);
    EXPECT_EQ(parse_memory_kib("1024T").value_or(0), std::uint64_t{1} << 40);
    EXPECT_EQ(parse_memory_kib("2049b").value_or(0), 2U);
}

TEST(MemorySize, Refuses) {
    for (const char* text : {"", "m", "0", "0g", "1023b", "1025t", "-1", "+1", " 1", "1 ", "1.5g", "1kb", "12x", "0x10",
                             "18446744073709551616", "99999999999999t"}) {
        const auto size = parse_memory_kib(text);
        ASSERT_FALSE(size) << text << " " << *size;
        EXPECT_NE(size.error().message.find("is no amount of memory"), std::string::npos);
    }
}

} // namespace
