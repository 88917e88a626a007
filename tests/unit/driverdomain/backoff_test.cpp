#include "driverdomain/backoff.hpp"

#include <gtest/gtest.h>
#include <vector>

using bulkhead::driverdomain::Backoff;
using namespace std::chrono_literals;

TEST(Backoff, FirstAtOnceThenSlowerThenNotAnyMore) {
    Backoff backoff;
    Backoff::Time now{};
    std::vector<long> delays;
    for (unsigned i = 0; i < Backoff::most; ++i) {
        const auto delay = backoff.died(now += 1s);
        ASSERT_TRUE(delay) << i;
        delays.push_back(delay->count());
    }
    EXPECT_EQ(delays, (std::vector<long>{0, 0, 0, 1, 2, 4, 8, 16, 30, 30}));
    EXPECT_FALSE(backoff.died(now += 1s));
    EXPECT_EQ(backoff.deaths(), Backoff::most + 1);
}

TEST(Backoff, ForgetsWhatIsOlderThanTheWindow) {
    Backoff backoff;
    Backoff::Time now{};
    for (int i = 0; i < 4; ++i) backoff.died(now);
    EXPECT_EQ(backoff.died(now + Backoff::window), 2s); // still all in it
    EXPECT_EQ(backoff.died(now + Backoff::window + 1s), 0s);
    EXPECT_EQ(backoff.deaths(), 2U);
}

TEST(Backoff, ADeathNowAndThenIsForEverAnsweredAtOnce) {
    Backoff backoff;
    Backoff::Time now{};
    for (int i = 0; i < 100; ++i) EXPECT_EQ(backoff.died(now += 6min), 0s);
}

TEST(Backoff, ForgiveBeginsAnew) {
    Backoff backoff;
    const Backoff::Time now{};
    for (unsigned i = 0; i <= Backoff::most; ++i) backoff.died(now);
    EXPECT_FALSE(backoff.died(now));
    backoff.forgive();
    EXPECT_EQ(backoff.deaths(), 0U);
    EXPECT_EQ(backoff.died(now), 0s);
}
