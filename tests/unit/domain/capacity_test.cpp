#include "domain/capacity.hpp"

#include <gtest/gtest.h>

namespace bulkhead::domain {
namespace {

TEST(Room, IsWhatRunsOutFirst) {
    EXPECT_EQ(room({}), std::nullopt);
    EXPECT_EQ(room({xen::Use{40, 1000}, std::nullopt}), 30U);
    EXPECT_EQ(room({xen::Use{40, 1000}, xen::Use{8, 128}}), 30U);
    EXPECT_EQ(room({xen::Use{40, 1000}, xen::Use{100, 128}}), 7U);
    EXPECT_EQ(room({xen::Use{1200, 1000}, std::nullopt}), 0U) << "limits may have been lowered";
}

TEST(Room, OfXensOwnLimits) {
    EXPECT_EQ(room(XenLimits{}, 0), 487U) << "event channels run out first: (1023 - 48) / 2";
    EXPECT_EQ(room(XenLimits{}, 7), 480U);
    EXPECT_EQ(room(XenLimits{}, 1000), 0U);
    EXPECT_EQ(room(XenLimits{4096, 64}, 0), 63U) << "mappings: 64 * 256 / 258";
    EXPECT_EQ(room(XenLimits{10, 1024}, 0), 0U);
}

TEST(XenLimits, AreTheDomains) {
    const XenLimits set = xen_limits(R"({"b_info":{"event_channels":200,"max_maptrack_frames":16}})");
    EXPECT_EQ(set.event_channels, 200U);
    EXPECT_EQ(set.maptrack_frames, 16U);
    for (const char* text : {"", "[]", "{}", R"({"b_info":[]})", R"({"b_info":{"event_channels":-1}})",
                             R"({"b_info":{"event_channels":"9","max_maptrack_frames":0}})"}) {
        EXPECT_EQ(xen_limits(text).event_channels, 1023U) << text;
        EXPECT_EQ(xen_limits(text).maptrack_frames, 1024U) << text;
    }
}

} // namespace
} // namespace bulkhead::domain
