#include "xen/release.hpp"

#include <gtest/gtest.h>

namespace bulkhead::xen {

TEST(Release, TheSameMajorAndMinorAreOneRelease) {
    EXPECT_TRUE(check_release("4.17.0", "4\n", "17\n"));
    EXPECT_TRUE(check_release("4.17.0", "4", "17"));
}

TEST(Release, AnotherOneIsNamed) {
    const Status other = check_release("4.17.0", "4\n", "18\n");
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().message.find("is Xen 4.18"), std::string::npos) << other.error().message;
    EXPECT_NE(other.error().message.find("boot Xen 4.17,"), std::string::npos) << other.error().message;
    EXPECT_FALSE(check_release("4.17.0", "5\n", "17\n"));
    EXPECT_FALSE(check_release("4.17.0", "4\n", "1\n"));
}

TEST(Release, WhatIsNotKnownIsNotRefused) {
    EXPECT_TRUE(check_release("4.17.0", "", ""));
    EXPECT_TRUE(check_release("4.17.0", "4\n", "odd\n"));
    EXPECT_TRUE(check_release("", "4\n", "17\n"));
}

} // namespace bulkhead::xen
