#include "domain/disk_change.hpp"
#include "domain/disk_rule.hpp"

#include <gmock/gmock.h>

using namespace bulkhead;
using namespace bulkhead::domain;
using testing::HasSubstr;

namespace {

DiskState connecting() {
    DiskState state;
    state.backend_exists = true;
    state.backend_state = "2";
    state.frontend_state = "1";
    return state;
}

TEST(DiskJudgement, ConnectedWhenBothSay) {
    DiskState state = connecting();
    EXPECT_EQ(judge_disk(state, "web").verdict, DiskVerdict::wait);
    EXPECT_THAT(judge_disk(state, "web").reason, HasSubstr("'web'"));
    state.frontend_state = "4";
    EXPECT_EQ(judge_disk(state, "web").verdict, DiskVerdict::wait);
    state.backend_state = "4";
    EXPECT_EQ(judge_disk(state, "web").verdict, DiskVerdict::connected);
}

TEST(DiskJudgement, TheBackendsOwnWords) {
    DiskState state = connecting();
    state.hotplug_error = "/srv/a: Input/output error";
    EXPECT_EQ(judge_disk(state, "web").verdict, DiskVerdict::failed);
    EXPECT_THAT(judge_disk(state, "web").reason, HasSubstr("/srv/a: Input/output error"));
    state = connecting();
    state.backend_error = "-6 creating vbd structure";
    EXPECT_THAT(judge_disk(state, "web").reason, HasSubstr("creating vbd structure"));
    state = connecting();
    state.frontend_error = "12 xlvbd_alloc_gendisk at /local";
    EXPECT_THAT(judge_disk(state, "web").reason, HasSubstr("frontend in 'web' says: 12"));
}

TEST(DiskJudgement, EndsAndAbsences) {
    DiskState state = connecting();
    state.backend_exists = false;
    EXPECT_EQ(judge_disk(state, "web").verdict, DiskVerdict::failed);
    for (const char* closed : {"5", "6"}) {
        state = connecting();
        state.frontend_state = closed;
        EXPECT_EQ(judge_disk(state, "web").verdict, DiskVerdict::failed);
        state = connecting();
        state.backend_state = closed;
        EXPECT_EQ(judge_disk(state, "web").verdict, DiskVerdict::failed);
    }
    state = connecting();
    state.backend_state = "1";
    EXPECT_THAT(judge_disk(state, "web").reason, HasSubstr("xen-blkback"));
}

TEST(DiskWords, OfXlAndOfXm) {
    const auto xl = parse_disk_words({"/srv/a.qcow2", "qcow2", "xvdb", "rw"});
    ASSERT_TRUE(xl) << xl.error().message;
    EXPECT_EQ(xl->format, xen::DiskFormat::qcow2);
    EXPECT_FALSE(xl->backend);
    const auto xm = parse_disk_words({"phy:/dev/vg/a", "/dev/xvdb", "w!", "storage"});
    ASSERT_TRUE(xm) << xm.error().message;
    EXPECT_EQ(xm->target, "/dev/vg/a");
    EXPECT_EQ(xm->vdev, "xvdb");
    EXPECT_TRUE(xm->readwrite);
    EXPECT_TRUE(xm->shared);
    EXPECT_EQ(xm->backend, "storage");
    const auto three = parse_disk_words({"file:/srv/a.img", "hda1", "r"});
    ASSERT_TRUE(three) << three.error().message;
    EXPECT_FALSE(three->readwrite);
    EXPECT_EQ(three->vdev, "hda1");
    const auto keys = parse_disk_words({"vdev=xvdc,format=raw", "access=ro", "target=/srv/a,b"});
    ASSERT_TRUE(keys) << keys.error().message;
    EXPECT_EQ(keys->target, "/srv/a,b");
    EXPECT_FALSE(parse_disk_words({}));
}

TEST(DiskWords, SpellingsOfTheOldTools) {
    const auto aio = parse_disk_words({"tap:aio:/srv/a.img", "xvda", "w"});
    ASSERT_TRUE(aio) << aio.error().message;
    EXPECT_EQ(aio->format, xen::DiskFormat::raw);
    EXPECT_EQ(aio->target, "/srv/a.img");
    EXPECT_NE(aio->backendtype, xen::DiskBackend::tap);
    const auto vhd = parse_disk_words({"tap:vhd:/srv/a.vhd,xvda,w"});
    ASSERT_TRUE(vhd) << vhd.error().message;
    EXPECT_EQ(vhd->format, xen::DiskFormat::vhd);
    const auto typed = parse_disk_words({"/srv/a.img,raw,xvda,w,backendtype=tap"});
    ASSERT_TRUE(typed) << typed.error().message;
    EXPECT_EQ(typed->backendtype, xen::DiskBackend::automatic);
}

} // namespace
