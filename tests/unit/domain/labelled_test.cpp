// Which resource a name means: other spellings, symbolic and hard links, what lies on what.
#include "domain/labelled.hpp"

#include "base/file.hpp"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <sys/sysmacros.h>
#include <unistd.h>

using namespace bulkhead;
using namespace bulkhead::domain;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

struct LabelledTest : testing::Test {
    const std::string folder =
        std::filesystem::canonical(testing::TempDir()).string() + "/bulkhead-labelled." + std::to_string(::getpid());
    storage::Facts facts;

    LabelledTest() {
        std::filesystem::create_directories(folder);
        EXPECT_TRUE(write_file_atomic(folder + "/disk", "a disk"));
        EXPECT_TRUE(write_file_atomic(folder + "/other", "another"));
        std::filesystem::create_symlink("disk", folder + "/symlink");
        std::filesystem::create_hard_link(folder + "/disk", folder + "/hardlink");
        std::filesystem::create_symlink("circle", folder + "/circle");
    }
    ~LabelledTest() override { std::filesystem::remove_all(folder); }
    LabelledTest(const LabelledTest&) = delete;
    LabelledTest& operator=(const LabelledTest&) = delete;

    Labelled find(const std::string& name) { return find_resource(facts, name).value(); }
    std::string error(const std::string& name) {
        const auto found = find_resource(facts, name);
        return found ? "found " + found->key : found.error().message;
    }
};

} // namespace

TEST_F(LabelledTest, SpellingsAndSymbolicLinksAreOneThing) {
    const std::string key = "file:" + folder + "/disk";
    for (const std::string& name : {folder + "/disk", "file:" + folder + "/disk", "tap:aio:" + folder + "/disk",
                                    "tap2:qcow2:" + folder + "/disk", "phy:" + folder + "/disk", folder + "/symlink",
                                    "file:" + folder + "/../" + folder.substr(folder.rfind('/') + 1) + "/disk"}) {
        EXPECT_EQ(find(name).key, key) << name;
    }
}

TEST_F(LabelledTest, AHardLinkIsTheSameResource) {
    const LabelledSet labelled{1, {find(folder + "/disk")}};
    EXPECT_EQ(find(folder + "/hardlink").node, labelled.all[0].node);
    EXPECT_THAT(resources_in(facts, labelled, folder + "/hardlink").value(), ElementsAre("file:" + folder + "/disk"));
    EXPECT_THAT(resources_in(facts, labelled, folder + "/other").value(), ElementsAre("file:" + folder + "/other"));
}

TEST_F(LabelledTest, AFileThatTookTheNameOfALabelledOneIsLabelledToo) {
    const LabelledSet labelled{1, {find(folder + "/disk")}};
    std::filesystem::rename(folder + "/disk", folder + "/moved");
    std::filesystem::rename(folder + "/other", folder + "/disk");
    EXPECT_THAT(resources_in(facts, labelled, folder + "/disk").value(), ElementsAre("file:" + folder + "/disk"));
    EXPECT_THAT(resources_in(facts, labelled, folder + "/moved").value(), ElementsAre("file:" + folder + "/disk"));
}

TEST_F(LabelledTest, NumbersOfAnotherBootDoNotCount) {
    Labelled disk = find(folder + "/disk");
    const Labelled now = disk;
    disk.boot = "another";
    disk.node.inode += 1000;
    refresh(disk, now.boot);
    EXPECT_EQ(disk, now);
    disk.boot = "another";
    disk.path += "-gone";
    refresh(disk, now.boot);
    EXPECT_EQ(disk.node.kind, storage::Node::Kind::name);
}

TEST_F(LabelledTest, OtherKinds) {
    EXPECT_EQ(find("vlan:12").key, "vlan:12");
    EXPECT_EQ(find("pci:00:02.0").key, "pci:0000:00:02.0");
    EXPECT_EQ(find("name:iqn.2001-04.com.example:disk").key, "name:iqn.2001-04.com.example:disk");
}

TEST_F(LabelledTest, RefusesWithXmsWords) {
    EXPECT_THAT(error("disk"), HasSubstr("contains no ':' delimiter"));
    EXPECT_THAT(error("tap:/x"), HasSubstr("contains no tap subtype"));
    EXPECT_THAT(error("vlan:0"), HasSubstr("Invalid VLAN : "));
    EXPECT_THAT(error("vlan:4096"), HasSubstr("Invalid VLAN : "));
    EXPECT_THAT(error("pci:zero"), HasSubstr("Invalid resource"));
    EXPECT_THAT(error("what:/x"), HasSubstr("Invalid resource"));
    EXPECT_THAT(error("file:disk"), HasSubstr("must be absolute"));
    EXPECT_THAT(error("file:" + folder + "/missing"), HasSubstr("No such file"));
    EXPECT_THAT(error("file:" + folder + "/circle"), HasSubstr("Too many levels"));
    EXPECT_THAT(error("file:" + folder), HasSubstr("neither a block device nor a file"));
    EXPECT_THAT(error(""), HasSubstr("Invalid resource"));
}

TEST_F(LabelledTest, APartitionAndALoopDeviceAreWhatTheyLieOn) {
    // A whole disk (8:0), its partition (8:1), and a loop device (7:0) on a labelled file.
    const std::string sys = folder + "/sys";
    std::filesystem::create_directories(sys + "/dev/block");
    std::filesystem::create_directories(sys + "/block/sda/sda1");
    std::filesystem::create_directories(sys + "/block/loop0/loop");
    std::filesystem::create_symlink("../../block/sda", sys + "/dev/block/8:0");
    std::filesystem::create_symlink("../../block/sda/sda1", sys + "/dev/block/8:1");
    std::filesystem::create_symlink("../../block/loop0", sys + "/dev/block/7:0");
    for (const auto& [name, text] : std::map<std::string, std::string>{{"sda/dev", "8:0"},
                                                                       {"sda/sda1/dev", "8:1"},
                                                                       {"sda/sda1/partition", "1"},
                                                                       {"sda/sda1/start", "2048"},
                                                                       {"sda/sda1/size", "4096"},
                                                                       {"loop0/loop/backing_file", folder + "/disk"}})
        ASSERT_TRUE(write_file_atomic(sys + "/block/" + name, text));
    storage::Facts made(sys, "/proc", folder + "/dev");
    const auto device = [](unsigned major, unsigned minor, const std::string& name) {
        return Labelled{"phy:/dev/" + name, ResourceKind::phy, storage::device_node(major, minor), "/dev/" + name, "b"};
    };
    const LabelledSet whole{1, {device(8, 0, "sda")}}, part{1, {device(8, 1, "sda1")}},
        file{1, {find(folder + "/disk")}};
    const auto in = [&](const LabelledSet& labelled, const Labelled& wanted) {
        EXPECT_TRUE(made.find_device(major(wanted.node.device), minor(wanted.node.device)));
        return resources_in(made, labelled, wanted);
    };
    EXPECT_THAT(in(whole, device(8, 1, "sda1")), ElementsAre("phy:/dev/sda"));
    EXPECT_THAT(in(part, device(8, 0, "sda")), ElementsAre("phy:/dev/sda1"));
    EXPECT_THAT(in(file, device(7, 0, "loop0")), ElementsAre("file:" + folder + "/disk"));
    EXPECT_THAT(in(file, device(8, 0, "sda")), ElementsAre("phy:/dev/sda"));
}
