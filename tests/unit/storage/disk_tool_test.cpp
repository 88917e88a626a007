#include "storage/disk_tool.hpp"

#include "base/file.hpp"
#include "base/process.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::storage {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(DiskPlace, FilesAndVolumes) {
    EXPECT_EQ(parse_place("a.img", "/srv", false)->file, "/srv/a.img");
    EXPECT_EQ(parse_place("/x/a.img", "/srv", false)->file, "/x/a.img");
    EXPECT_FALSE(parse_place("vg/a", "/srv", false)->is_volume());
    const auto volume = parse_place("/dev/vg/root", "/srv", false);
    EXPECT_EQ(volume->group, "vg");
    EXPECT_EQ(volume->volume, "root");
    EXPECT_EQ(parse_place("vg/root", "/srv", true)->file, "/dev/vg/root");
    EXPECT_FALSE(parse_place("/dev/mapper/x", "/srv", false)->is_volume());
    EXPECT_FALSE(parse_place("/dev/sda", "/srv", false)->is_volume());
    for (const char* bad : {"", "root", "vg/-root", "vg/a b", "vg/a/b", "vg/..", "vg/$(x)"})
        EXPECT_FALSE(parse_place(bad, "/srv", true)) << bad;
}

TEST(DiskCommands, AreListsOfWords) {
    const DiskPlace file{"/srv/-a b.qcow2", "", ""};
    EXPECT_THAT(create_command(file, DiskFormat::vhd, 512),
                ElementsAre("qemu-img", "create", "-q", "-f", "vpc", "--", "/srv/-a b.qcow2", "512"));
    const DiskPlace volume{"/dev/vg/a", "vg", "a"};
    const DiskPlace snapshot{"/dev/vg/s", "vg", "s"};
    EXPECT_THAT(create_command(volume, DiskFormat::lvm, 1024),
                ElementsAre("lvcreate", "--yes", "--quiet", "--size", "1024b", "--name", "a", "vg"));
    EXPECT_THAT(snapshot_command(volume, DiskFormat::lvm, snapshot, 1024),
                ElementsAre("lvcreate", "--yes", "--quiet", "--snapshot", "--size", "1024b", "--name", "s", "vg/a"));
    EXPECT_THAT(
        snapshot_command(file, DiskFormat::vhd, {"/srv/s", "", ""}, 0),
        ElementsAre("qemu-img", "create", "-q", "-f", "qcow2", "-F", "vpc", "-b", "/srv/-a b.qcow2", "--", "/srv/s"));
    EXPECT_THAT(resize_command(volume, DiskFormat::lvm, 512, false),
                ElementsAre("lvextend", "--yes", "--quiet", "--size", "512b", "vg/a"));
    EXPECT_THAT(resize_command(volume, DiskFormat::lvm, 512, true),
                ElementsAre("lvreduce", "--force", "--yes", "--quiet", "--size", "512b", "vg/a"));
    EXPECT_THAT(resize_command(file, DiskFormat::qcow2, 512, true),
                ElementsAre("qemu-img", "resize", "-q", "-f", "qcow2", "--shrink", "--", "/srv/-a b.qcow2", "512"));
}

TEST(DiskInfo, OfQemu) {
    const auto info =
        parse_qemu_info(R"({"virtual-size": 1048576, "filename": "a.vhd", "format": "vpc", "actual-size": 8192,
        "dirty-flag": false, "full-backing-filename": "/srv/base.qcow2", "backing-filename": "base.qcow2"})");
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->format, "vhd");
    EXPECT_EQ(info->size, 1048576U);
    EXPECT_EQ(info->allocated, 8192U);
    EXPECT_EQ(info->backing, "/srv/base.qcow2");
    for (const char* bad :
         {"", "[]", "{}", R"({"format": "raw"})", R"({"format": "raw", "virtual-size": -1, "actual-size": 1})"})
        EXPECT_FALSE(parse_qemu_info(bad)) << bad;
}

TEST(DiskInfo, OfLvs) {
    const auto info =
        parse_lvs(R"({"report": [{"lv": [{"lv_size":"4294967296", "origin":"root", "data_percent":"12.50"}]}]})");
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->format, "lvm");
    EXPECT_EQ(info->size, 4294967296U);
    EXPECT_NEAR(static_cast<double>(info->allocated), 4294967296.0 / 8, 1e6);
    EXPECT_EQ(info->backing, "root");
    EXPECT_EQ(parse_lvs(R"({"report": [{"lv": [{"lv_size":"4096", "origin":"", "data_percent":""}]}]})")->allocated,
              4096U);
    for (const char* bad : {"", "{}", R"({"report": []})", R"({"report": [{"lv": []}]})",
                            R"({"report": [{"lv": [{}]}]})", R"({"report": [{"lv": [{"lv_size":"4m"}]}]})"})
        EXPECT_FALSE(parse_lvs(bad)) << bad;
}

class DiskFiles : public testing::Test {
protected:
    DiskFiles() {
        std::string name = (fs::temp_directory_path() / "bulkhead-disks-XXXXXX").string();
        home_ = ::mkdtemp(name.data());
    }
    ~DiskFiles() override { fs::remove_all(home_); }
    DiskPlace at(const std::string& name) { return {(home_ / name).string(), "", ""}; }
    std::size_t files() {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(home_), fs::directory_iterator()));
    }
    fs::path home_;
};

TEST_F(DiskFiles, RawIsSparseAndNotOverwritten) {
    ASSERT_TRUE(create_disk(at("a"), DiskFormat::raw, 64 << 20, false));
    struct stat info {};
    ASSERT_EQ(::stat(at("a").file.c_str(), &info), 0);
    EXPECT_EQ(info.st_size, 64 << 20);
    EXPECT_LT(info.st_blocks, 100);
    std::ofstream(at("a").file, std::ios::in) << "precious";
    const Status again = create_disk(at("a"), DiskFormat::raw, 4096, false);
    ASSERT_FALSE(again);
    EXPECT_THAT(again.error().message, HasSubstr("--force"));
    EXPECT_EQ(read_file(at("a").file, 65 << 20)->substr(0, 8), "precious");
    ASSERT_TRUE(create_disk(at("a"), DiskFormat::raw, 4096, true));
    EXPECT_EQ(*read_file(at("a").file, 8192), std::string(4096, '\0'));
    EXPECT_EQ(files(), 1U) << "nothing else is left";
}

TEST_F(DiskFiles, QemuMakesWhatItTells) {
    for (const DiskFormat format : {DiskFormat::qcow2, DiskFormat::vhd}) {
        const DiskPlace place = at(format_name(format));
        const Status made = create_disk(place, format, 64 << 20, false);
        ASSERT_TRUE(made) << made.error().message;
        const auto info = disk_info(place, format);
        ASSERT_TRUE(info) << info.error().message;
        EXPECT_EQ(info->format, format_name(format));
        EXPECT_NEAR(static_cast<double>(info->size), 64 << 20, 1 << 20); // VHD rounds to cylinders
    }
    EXPECT_EQ(files(), 2U);
}

TEST_F(DiskFiles, SnapshotsAndCopies) {
    ASSERT_TRUE(create_disk(at("base"), DiskFormat::raw, 1 << 20, false));
    std::ofstream(at("base").file, std::ios::in) << "content";
    const Status made = snapshot_disk(at("base"), DiskFormat::raw, at("top.qcow2"), 0, false);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(disk_info(at("top.qcow2"), DiskFormat::qcow2)->backing, at("base").file);
    ASSERT_TRUE(copy_disk(at("top.qcow2"), DiskFormat::qcow2, at("flat"), DiskFormat::raw, false, false));
    EXPECT_EQ(read_file(at("flat").file, 2 << 20)->substr(0, 7), "content");
    EXPECT_FALSE(copy_disk(at("base"), DiskFormat::raw, at("flat"), DiskFormat::raw, false, false));
}

// A guest can write the head of a qcow2 file that names a file of the host into its raw disk.
TEST_F(DiskFiles, AForgedHeadIsOnlyContent) {
    std::ofstream(at("secret").file) << std::string(4096, 's');
    ASSERT_TRUE(snapshot_disk(at("secret"), DiskFormat::raw, at("guest.img"), 0, false)); // qcow2 by its content
    EXPECT_EQ(disk_info(at("guest.img"), DiskFormat::raw)->backing, "");
    ASSERT_TRUE(copy_disk(at("guest.img"), DiskFormat::raw, at("copy.img"), DiskFormat::raw, false, false));
    const auto copied = read_file(at("copy.img").file, 1 << 20);
    ASSERT_TRUE(copied);
    EXPECT_EQ(copied->substr(0, 3), "QFI");
    EXPECT_EQ(copied->find("ssss"), std::string::npos);
}

TEST_F(DiskFiles, SmallerOnlyByForce) {
    for (const char* name : {"a.img", "a.qcow2"}) {
        const DiskPlace place = at(name);
        ASSERT_TRUE(create_disk(place, format_of_name(name), 1 << 20, false));
        ASSERT_TRUE(resize_disk(place, format_of_name(name), 2 << 20, false));
        EXPECT_EQ(disk_info(place, format_of_name(place.file))->size, 2U << 20);
        const Status smaller = resize_disk(place, format_of_name(name), 1 << 20, false);
        ASSERT_FALSE(smaller);
        EXPECT_THAT(smaller.error().message, HasSubstr("--force"));
        EXPECT_EQ(disk_info(place, format_of_name(place.file))->size, 2U << 20);
        ASSERT_TRUE(resize_disk(place, format_of_name(name), 1 << 20, true));
        EXPECT_EQ(disk_info(place, format_of_name(place.file))->size, 1U << 20);
    }
    ASSERT_TRUE(create_disk(at("a.vhd"), DiskFormat::vhd, 1 << 20, false));
    EXPECT_THAT(resize_disk(at("a.vhd"), DiskFormat::vhd, 4 << 20, false).error().message,
                HasSubstr("cannot be resized"));
}

TEST_F(DiskFiles, AMissingProgramIsNamedWithItsPackage) {
    const std::string path = std::getenv("PATH"); // NOLINT(concurrency-mt-unsafe): one thread
    ::setenv("PATH", home_.c_str(), 1);           // NOLINT(concurrency-mt-unsafe)
    const Status made = create_disk(at("a"), DiskFormat::qcow2, 1 << 20, false);
    const Status volume = create_disk({"/dev/vg/none", "vg", "none"}, DiskFormat::lvm, 1 << 20, false);
    ::setenv("PATH", path.c_str(), 1); // NOLINT(concurrency-mt-unsafe)
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("apt install qemu-utils"));
    ASSERT_FALSE(volume);
    EXPECT_THAT(volume.error().message, HasSubstr("apt install lvm2"));
    EXPECT_EQ(files(), 0U);
}

} // namespace
} // namespace bulkhead::storage
