#include "storage/mountinfo.hpp"

#include <gmock/gmock.h>

namespace bulkhead::storage {
namespace {

TEST(Mountinfo, ReadsEveryField) {
    const auto mounts =
        parse_mountinfo("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n"
                        "22 1 8:17 / /srv/with\\040blank rw shared:1 propagate_from:2 - xfs /dev/sdb1 ro,attr2\n"
                        "23 1 0:45 /sub /b ro - btrfs /dev/mapper/a\\134b rw,subvol=/sub\n");
    ASSERT_TRUE(mounts) << mounts.error().message;
    ASSERT_EQ(mounts->size(), 3U);
    EXPECT_EQ((*mounts)[0].major, 98U);
    EXPECT_EQ((*mounts)[0].point, "/mnt2");
    EXPECT_EQ((*mounts)[0].type, "ext3");
    EXPECT_TRUE((*mounts)[0].writes);
    EXPECT_EQ((*mounts)[1].minor, 17U);
    EXPECT_EQ((*mounts)[1].point, "/srv/with blank");
    EXPECT_FALSE((*mounts)[1].writes);
    EXPECT_EQ((*mounts)[2].source, "/dev/mapper/a\\b");
    EXPECT_TRUE((*mounts)[2].writes) << "the mount is ro, the file system is not";
}

TEST(Mountinfo, RefusesWhatIsNone) {
    for (const char* line : {"x", "36 35 98:0 /mnt1 /mnt2 rw", "36 35 98 /mnt1 /mnt2 rw - ext3 /dev/root rw",
                             "36 35 4096:0 / / rw - ext3 /dev/root rw", "36 35 1:1 / / rw - ext3 /dev/root",
                             "36 35 1:-1 / / rw - ext3 /dev/root rw"}) {
        const auto mounts = parse_mountinfo(std::string("36 35 98:0 / / rw - ext3 /dev/root rw\n") + line);
        ASSERT_FALSE(mounts) << line;
        EXPECT_THAT(mounts.error().message, testing::HasSubstr("line 2")) << line;
    }
}

TEST(Swaps, ReadsNames) {
    const auto swaps = parse_swaps("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
                                   "/dev/sda3                               partition\t1000\t0\t-2\n"
                                   "/swap\\040file                           file\t1000\t0\t-3\n");
    ASSERT_TRUE(swaps) << swaps.error().message;
    EXPECT_THAT(*swaps, testing::ElementsAre("/dev/sda3", "/swap file"));
    EXPECT_FALSE(parse_swaps("Filename\nx\n"));
}

} // namespace
} // namespace bulkhead::storage
