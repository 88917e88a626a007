#include "storage/size.hpp"

#include <gtest/gtest.h>

namespace bulkhead::storage {
namespace {

TEST(Size, Reads) {
    EXPECT_EQ(*parse_size("4096"), 4096U);
    EXPECT_EQ(*parse_size("1"), 512U) << "a whole sector";
    EXPECT_EQ(*parse_size("10G"), 10ULL << 30);
    EXPECT_EQ(*parse_size("10g"), 10ULL << 30);
    EXPECT_EQ(*parse_size("10GiB"), 10ULL << 30);
    EXPECT_EQ(*parse_size("1.5T"), 3ULL << 39);
    EXPECT_EQ(*parse_size("0.5K"), 512U);
}

TEST(Size, RefusesWhatIsNone) {
    for (const char* text :
         {"", "G", "-1", "0", "1.5", "1.5.5G", "10X", "10GB", "10 G", "1e9", "9999999999P", "1.0000G", ".5G", "1.G"})
        EXPECT_FALSE(parse_size(text)) << text;
}

TEST(Size, Prints) {
    EXPECT_EQ(size_text(100), "100B");
    EXPECT_EQ(size_text(10ULL << 30), "10G");
    EXPECT_EQ(size_text(3ULL << 39), "1.5T");
    EXPECT_EQ(size_text((1ULL << 30) - 1), "1023.9M");
}

} // namespace
} // namespace bulkhead::storage
