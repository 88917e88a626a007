#include "cli/progress_bar.hpp"

#include <gtest/gtest.h>

namespace bulkhead::cli {
namespace {

TEST(ProgressBar, DrawsAmounts) {
    const std::string full(40, '='), half(20, '='), none(40, ' ');
    EXPECT_EQ(bar("0 of 256 MiB"), "[" + none + "] 0 of 256 MiB");
    EXPECT_EQ(bar("128 of 256 MiB"), "[" + half + none.substr(20) + "] 128 of 256 MiB");
    EXPECT_EQ(bar("256 of 256 MiB"), "[" + full + "] 256 of 256 MiB");
    EXPECT_EQ(bar("0 of 0 MiB"), "[" + full + "] 0 of 0 MiB");
}

TEST(ProgressBar, LeavesOtherWordsAlone) {
    for (const char* text : {"", "waiting", "3 of 2 MiB", "a of b MiB", "1 of 2 MiB more", "-1 of 2 MiB"})
        EXPECT_EQ(bar(text), "") << text;
}

} // namespace
} // namespace bulkhead::cli
