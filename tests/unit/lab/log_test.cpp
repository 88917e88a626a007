#include "lab/log.hpp"

#include <gtest/gtest.h>

namespace bulkhead::lab {
namespace {

TEST(Log, LineOfAGuest) {
    EXPECT_EQ(guest_line("[ndvm] hello", "ndvm"), "hello");
    EXPECT_EQ(guest_line("[ndvm] ", "ndvm"), "");
    EXPECT_EQ(guest_line("[ndvm2] hello", "ndvm"), std::nullopt);
    EXPECT_EQ(guest_line("[nd] hello", "ndvm"), std::nullopt);
    EXPECT_EQ(guest_line("ndvm] hello", "ndvm"), std::nullopt);
    EXPECT_EQ(guest_line("", "ndvm"), std::nullopt);
    EXPECT_EQ(guest_line("[a] b", "all"), "[a] b");
}

} // namespace
} // namespace bulkhead::lab
