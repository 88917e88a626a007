#include "base/file.hpp"
#include "lab/lab.hpp"
#include "lab/qemu.hpp"
#include "temporary_runtime.hpp"

#include <cerrno>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

using testing::HasSubstr;

class PlaceTest : public TemporaryRuntime {};

TEST_F(PlaceTest, IsPrivateAndGoesAwayWithEverythingInIt) {
    const Place place = *Place::of("a");
    EXPECT_FALSE(place.there());
    {
        const auto lock = place.create();
        ASSERT_TRUE(lock);
        struct stat info {};
        ASSERT_EQ(::stat(place.folder().c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777, 0700U);
        const auto again = place.create();
        ASSERT_FALSE(again);
        EXPECT_EQ(again.error().code, EEXIST);
        const auto locked = place.lock();
        ASSERT_FALSE(locked);
        EXPECT_EQ(locked.error().code, EWOULDBLOCK);
    }
    EXPECT_TRUE(place.lock());
    ASSERT_TRUE(write_file_atomic(place.path("x"), "y"));
    EXPECT_THAT(*lab_names(), testing::ElementsAre("a"));
    ASSERT_TRUE(place.remove());
    EXPECT_FALSE(place.there());
    EXPECT_TRUE(place.remove()); // twice is no error
}

TEST_F(PlaceTest, FolderThatOthersCanWriteToIsRefused) {
    ASSERT_EQ(::mkdir((folder_ + "/bulkhead").c_str(), 0700), 0);
    ASSERT_EQ(::chmod((folder_ + "/bulkhead").c_str(), 0777), 0);
    const auto place = Place::of("a");
    ASSERT_FALSE(place);
    EXPECT_THAT(place.error().message, HasSubstr("nobody else can write"));
}

TEST_F(PlaceTest, BadNameNeverBecomesAPath) {
    EXPECT_FALSE(Place::of("../a"));
    EXPECT_FALSE(Lab::of("a/b"));
}

TEST_F(PlaceTest, LabThatIsNotThere) {
    const Lab lab = *Lab::of("a");
    EXPECT_EQ(lab.status().life, Life::absent);
    const Status running = lab.check_running();
    ASSERT_FALSE(running);
    EXPECT_THAT(running.error().message, HasSubstr("bulkhead lab up --name a"));
    EXPECT_TRUE(lab.down(false));
}

TEST_F(PlaceTest, LabBeingStartedIsLeftAlone) {
    const Lab lab = *Lab::of("a");
    const auto lock = lab.place().create();
    ASSERT_TRUE(lock);
    EXPECT_EQ(lab.status().life, Life::starting);
    EXPECT_FALSE(lab.down(false));
    EXPECT_TRUE(lab.place().there());
}

TEST_F(PlaceTest, DeadLabSaysWhyAndCanBeCleanedUp) {
    const Lab lab = *Lab::of("a");
    ASSERT_TRUE(lab.place().create());
    LabState state;
    state.name = "a";
    state.pid = ::getpid(); // alive, but not the process that was meant: the pid was used again
    state.start = 1;
    state.ready = true;
    ASSERT_TRUE(write_file_atomic(lab.place().path(file::state), encode_state(state)));
    ASSERT_TRUE(write_file_atomic(lab.place().path(file::console_log), "Kernel panic - not syncing: test\n"));
    EXPECT_EQ(lab.status().life, Life::dead);
    const auto output = lab.run({"true"}, std::chrono::seconds(5));
    ASSERT_FALSE(output);
    EXPECT_THAT(output.error().message, HasSubstr("dom0's kernel panicked: test"));
    ASSERT_TRUE(lab.down(false)); // and this process lives on
    EXPECT_FALSE(lab.place().there());
}

} // namespace
} // namespace bulkhead::lab
