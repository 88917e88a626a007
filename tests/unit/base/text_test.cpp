#include "base/text.hpp"

#include <gtest/gtest.h>

using namespace bulkhead;

TEST(Text, TrimsBothEnds) {
    EXPECT_EQ(trim("  a b\n"), "a b");
    EXPECT_EQ(trim(" \t"), "");
}

TEST(Text, SplitKeepsEmptyParts) {
    EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
    EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
}

TEST(Text, WordsSkipsRunsOfSpace) {
    EXPECT_EQ(words("  a  b\tc\n"), (std::vector<std::string_view>{"a", "b", "c"}));
    EXPECT_TRUE(words("  ").empty());
}

TEST(Text, ParseUnsignedTakesWholeNumbersOnly) {
    EXPECT_EQ(parse_unsigned("42"), 42U);
    EXPECT_EQ(parse_unsigned("255", 255), 255U);
    EXPECT_EQ(parse_unsigned("256", 255), std::nullopt);
    for (const char* bad : {"", " 1", "1 ", "-1", "+1", "0x1", "18446744073709551616"}) {
        EXPECT_EQ(parse_unsigned(bad), std::nullopt) << bad;
    }
}

TEST(Text, PrintableHidesControlCharactersAndCuts) {
    EXPECT_EQ(printable("a\x1b[31m"), "a\\x1b[31m");
    EXPECT_EQ(printable("abcdef", 3), "abc...");
}
