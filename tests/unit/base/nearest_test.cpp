#include "base/nearest.hpp"

#include <gtest/gtest.h>

using bulkhead::nearest;

TEST(Nearest, FindsSlipsAndRefusesStrangers) {
    const std::vector<std::string> words = {"memory", "maxmem", "vcpus", "name"};
    EXPECT_EQ(nearest("memroy", words), "memory");
    EXPECT_EQ(nearest("vcpu", words), "vcpus");
    EXPECT_EQ(nearest("nmae", words), "name");
    EXPECT_EQ(nearest("frobnicate", words), std::nullopt);
    EXPECT_EQ(nearest("", words), std::nullopt);
    EXPECT_EQ(nearest(std::string(1000, 'm'), words), std::nullopt);
    const std::vector<std::string> verbs = {"network-attach", "network-list", "create", "destroy"};
    EXPECT_EQ(nearest("netwrok-attach", verbs), "network-attach");
    EXPECT_EQ(nearest("creat", verbs), "create");
    EXPECT_EQ(nearest("xyzzy", verbs), std::nullopt);
}
