#include "storage/facts.hpp"

#include "base/file.hpp"

#include <filesystem>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace bulkhead::storage {
namespace {

namespace fs = std::filesystem;

class FactsTest : public testing::Test {
protected:
    FactsTest() {
        std::string name = (fs::temp_directory_path() / "bulkhead-facts-XXXXXX").string();
        home_ = ::mkdtemp(name.data());
        for (const char* folder : {"sys/dev/block", "proc/self", "dev"}) fs::create_directories(home_ / folder);
    }
    ~FactsTest() override { fs::remove_all(home_); }

    void put(const std::string& path, const std::string& text) {
        fs::create_directories((home_ / path).parent_path());
        ASSERT_TRUE(write_file_atomic((home_ / path).string(), text));
    }
    // A block device in the fake sysfs; `folder` below sys/devices.
    void device(const std::string& number, const std::string& folder) {
        put("sys/devices/" + folder + "/dev", number + "\n");
        fs::create_symlink(home_ / "sys/devices" / folder, home_ / "sys/dev/block" / number);
    }
    void lies_on(const std::string& upper, const std::string& lower) {
        fs::create_directories(home_ / "sys/devices" / upper / "slaves");
        fs::create_directory_symlink(home_ / "sys/devices" / lower,
                                     home_ / "sys/devices" / upper / "slaves" / fs::path(lower).filename());
    }
    Facts facts() { return Facts((home_ / "sys").string(), (home_ / "proc").string(), (home_ / "dev").string()); }
    std::string path(const std::string& name) { return (home_ / name).string(); }

    fs::path home_;
};

TEST_F(FactsTest, AFileIsTheSameUnderEveryName) {
    put("image", "x");
    put("other", "x");
    fs::create_symlink("image", home_ / "link");
    fs::create_hard_link(home_ / "image", home_ / "hard");
    Facts facts = this->facts();
    const auto node = facts.find(path("image"));
    ASSERT_TRUE(node);
    EXPECT_EQ(*node, *facts.find(path("link")));
    EXPECT_EQ(*node, *facts.find(path("hard")));
    EXPECT_EQ(*node, *facts.find(path("sys/../proc/.././image")));
    EXPECT_NE(*node, *facts.find(path("other")));
    EXPECT_FALSE(facts.find(path("missing")));
    EXPECT_FALSE(facts.find(path("sys")));
}

TEST_F(FactsTest, PartitionsVolumesAndLoops) {
    device("8:0", "sda");
    device("8:1", "sda/sda1");
    put("sys/devices/sda/sda1/partition", "1\n");
    put("sys/devices/sda/sda1/start", "2048\n");
    put("sys/devices/sda/sda1/size", "2048\n");
    device("8:2", "sda/sda2");
    put("sys/devices/sda/sda2/partition", "2\n");
    put("sys/devices/sda/sda2/start", "4096\n");
    put("sys/devices/sda/sda2/size", "4096\n");
    for (const char* volume : {"dm-0", "dm-1"}) {
        device(std::string("253:") + volume[3], volume);
        put(std::string("sys/devices/") + volume + "/dm/uuid", "LVM-abc\n");
        lies_on(volume, "sda/sda2");
    }
    device("253:2", "dm-2"); // encrypted, on a volume
    put("sys/devices/dm-2/dm/uuid", "CRYPT-LUKS2-abc\n");
    lies_on("dm-2", "dm-1");
    put("image", "x");
    device("7:0", "loop0");
    put("sys/devices/loop0/loop/backing_file", path("image") + "\n");
    put("sys/devices/loop0/loop/offset", "0\n");
    put("sys/devices/loop0/loop/sizelimit", "0\n");

    Facts facts = this->facts();
    for (const auto& [major, minor] :
         {std::pair{8U, 0U}, {8U, 1U}, {8U, 2U}, {253U, 0U}, {253U, 1U}, {253U, 2U}, {7U, 0U}}) {
        const auto found = facts.find_device(major, minor);
        ASSERT_TRUE(found) << found.error().message;
    }
    const auto overlap = [&](unsigned a, unsigned b, unsigned c, unsigned d) {
        return facts.layers().overlap(device_node(a, b), device_node(c, d));
    };
    EXPECT_TRUE(overlap(8, 0, 8, 1));
    EXPECT_FALSE(overlap(8, 1, 8, 2));
    EXPECT_TRUE(overlap(8, 0, 253, 2));
    EXPECT_FALSE(overlap(253, 0, 253, 1));
    EXPECT_TRUE(overlap(253, 1, 253, 2));
    EXPECT_FALSE(overlap(253, 0, 253, 2));
    EXPECT_FALSE(overlap(8, 1, 253, 2));
    EXPECT_TRUE(facts.layers().overlap(*facts.find(path("image")), device_node(7, 0)));
}

TEST_F(FactsTest, ALoopDeviceWithoutAFileIsNotTrusted) {
    device("7:0", "loop0");
    put("sys/devices/loop0/loop/backing_file", "/nowhere/image (deleted)\n");
    const auto found = facts().find_device(7, 0);
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().message, testing::HasSubstr("loop0"));
}

TEST_F(FactsTest, MountsAndSwapOfDom0) {
    device("8:0", "sda");
    put("swapfile", "x");
    put("proc/self/mountinfo", "1 0 8:0 / / rw - ext4 /dev/sda rw\n2 0 0:5 / /proc rw - proc proc rw\n");
    put("proc/swaps", "Filename Type Size Used Priority\n" + path("swapfile") + " file 1 0 -2\n");
    Facts facts = this->facts();
    const auto uses = facts.dom0_uses();
    ASSERT_TRUE(uses) << uses.error().message;
    ASSERT_EQ(uses->size(), 2U);
    EXPECT_EQ((*uses)[0].node, device_node(8, 0));
    EXPECT_TRUE((*uses)[0].write);
    EXPECT_EQ((*uses)[0].what, "mounted read-write at / in dom0");
    EXPECT_EQ((*uses)[1].node, *facts.find(path("swapfile")));
    EXPECT_EQ((*uses)[1].what, "a swap area of dom0");
}

// This machine's own mounts are read without an error.
TEST(Facts, OfThisMachine) {
    const auto uses = Facts().dom0_uses();
    EXPECT_TRUE(uses) << uses.error().message;
}

} // namespace
} // namespace bulkhead::storage
