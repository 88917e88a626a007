#include "image/deb.hpp"

#include "base/file.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::image {
namespace {

using test::Folder;
using test::make_ar;
using test::make_deb;
using test::tar_entry;
using ::testing::HasSubstr;

// Unpacks a package whose data.tar `fill` writes into FOLDER/root.
Result<DebControl> unpack_made(const Folder& folder, const test::FillTar& fill,
                               Compression compression = Compression::xz) {
    test::put(folder / "p.deb", make_deb("p", "1:2.0-1", fill, compression));
    std::filesystem::create_directory(folder / "root");
    return unpack_deb(folder / "p.deb", folder / "root");
}

unsigned mode_of(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777U : 0;
}

TEST(Deb, UnpacksFilesFoldersAndLinks) {
    for (const Compression compression : {Compression::xz, Compression::zstd, Compression::gzip, Compression::none}) {
        const Folder folder;
        const std::string large(300'000, 'z');
        const mode_t before = ::umask(077); // must not matter
        const auto control = unpack_made(
            folder,
            [&](std::string& tar) {
                tar_entry(tar, "./", test::TarType::directory, "", 0755);
                tar_entry(tar, "./usr/", test::TarType::directory, "", 0755);
                tar_entry(tar, "./usr/bin/tool", test::TarType::file, large, 04775);
                tar_entry(tar, "./usr/bin/same", test::TarType::hard_link, "", 0644, "./usr/bin/tool");
                tar_entry(tar, "./usr/abs", test::TarType::symlink, "", 0777, "/etc/passwd");
                tar_entry(tar, "./etc/conf", test::TarType::file, "conf", 0600);
            },
            compression);
        ::umask(before);
        ASSERT_TRUE(control) << control.error().message;
        EXPECT_EQ(control->package, "p");
        EXPECT_EQ(control->version, "1:2.0-1");
        EXPECT_EQ(control->architecture, "amd64");
        EXPECT_EQ(test::get(folder / "root/usr/bin/same"), large);
        EXPECT_EQ(std::filesystem::read_symlink(folder / "root/usr/abs"), "/etc/passwd");
        EXPECT_EQ(mode_of(folder / "root/usr/bin/tool"), 0755U); // no set-uid bit, no write permission of others
        EXPECT_EQ(mode_of(folder / "root/usr"), 0755U);
        EXPECT_EQ(mode_of(folder / "root/etc/conf"), 0600U);
    }
}

struct Hostile {
    const char* name;
    test::FillTar fill;
};

TEST(Deb, HostilePackagesWriteNothingOutside) {
    const Folder folder;
    test::put(folder / "victim/file", "untouched");
    const std::string victim = folder / "victim";
    const std::vector<Hostile> packages = {
        {"absolute path", [&](std::string& tar) { tar_entry(tar, victim + "/file", test::TarType::file, "bad"); }},
        {"dot dot", [](std::string& tar) { tar_entry(tar, "../victim/file", test::TarType::file, "bad"); }},
        {"dot dot inside",
         [](std::string& tar) { tar_entry(tar, "./a/../../victim/file", test::TarType::file, "bad"); }},
        {"through a symbolic link",
         [&](std::string& tar) {
             tar_entry(tar, "./link", test::TarType::symlink, "", 0777, victim);
             tar_entry(tar, "./link/file", test::TarType::file, "bad");
         }},
        {"over a symbolic link",
         [&](std::string& tar) {
             tar_entry(tar, "./link", test::TarType::symlink, "", 0777, victim + "/file");
             tar_entry(tar, "./link", test::TarType::file, "bad");
         }},
        {"directory over a symbolic link",
         [&](std::string& tar) {
             tar_entry(tar, "./link", test::TarType::symlink, "", 0777, victim);
             tar_entry(tar, "./link", test::TarType::directory, "", 0700);
         }},
        {"hard link to the outside",
         [&](std::string& tar) { tar_entry(tar, "./h", test::TarType::hard_link, "", 0644, "../victim/file"); }},
        {"hard link through a symbolic link",
         [&](std::string& tar) {
             tar_entry(tar, "./link", test::TarType::symlink, "", 0777, victim);
             tar_entry(tar, "./h", test::TarType::hard_link, "", 0644, "./link/file");
         }},
        {"the same file twice",
         [](std::string& tar) {
             tar_entry(tar, "./a", test::TarType::file, "1");
             tar_entry(tar, "./a", test::TarType::file, "2");
         }},
        {"a pipe", [](std::string& tar) { tar_entry(tar, "./pipe", test::TarType::pipe, ""); }},
        {"a device", [](std::string& tar) { tar_entry(tar, "./dev", test::TarType::character, ""); }},
        {"a very long path",
         [](std::string& tar) { tar_entry(tar, "./" + std::string(2000, 'a'), test::TarType::file, "x"); }},
    };
    const mode_t mode = static_cast<mode_t>(mode_of(victim));
    for (const Hostile& package : packages) {
        const auto unpacked = unpack_made(folder, package.fill);
        ASSERT_FALSE(unpacked) << package.name;
        EXPECT_THAT(unpacked.error().message, HasSubstr("data.tar.xz: ")) << package.name;
        EXPECT_THAT(unpacked.error().message, testing::Not(HasSubstr("Unrecognized"))) << package.name;
        EXPECT_EQ(test::get(victim + "/file"), "untouched") << package.name;
        EXPECT_EQ(mode_of(victim), mode) << package.name;
        std::filesystem::remove_all(folder / "root");
    }
}

TEST(Deb, RefusesWhatIsNoPackage) {
    const DebVisitor ignore{[](const DebEntry&) -> Status { return {}; }, [](std::string_view) -> Status { return {}; },
                            []() -> Status { return {}; }};
    const std::string tar = test::make_tar([](std::string&) {});
    EXPECT_FALSE(read_deb("", ignore));
    EXPECT_FALSE(read_deb("hello", ignore));
    EXPECT_FALSE(read_deb(tar, ignore));
    EXPECT_FALSE(read_deb(make_ar({{"data.tar", tar}}), ignore));
    EXPECT_THAT(read_deb(make_ar({{"debian-binary", "2.0\n"}, {"data.tar", tar}}), ignore).error().message,
                HasSubstr("before control"));
    EXPECT_THAT(read_deb(make_ar({{"debian-binary", "2.0\n"}, {"control.tar", tar}}), ignore).error().message,
                HasSubstr("no control file"));
    const std::string good =
        make_deb("p", "1", [](std::string& tar) { tar_entry(tar, "./a", test::TarType::file, "a"); });
    ASSERT_TRUE(read_deb(good, ignore));
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_FALSE(read_deb(std::string_view(good).substr(0, size), ignore)) << "cut at " << size;
}

TEST(Deb, TheVisitorsErrorStopsTheReading) {
    int calls = 0;
    const DebVisitor stop{[&](const DebEntry&) -> Status {
                              ++calls;
                              return fail("enough");
                          },
                          [](std::string_view) -> Status { return {}; }, []() -> Status { return {}; }};
    const std::string deb = make_deb("p", "1", [](std::string& tar) {
        tar_entry(tar, "./a", test::TarType::file, "a");
        tar_entry(tar, "./b", test::TarType::file, "b");
    });
    EXPECT_THAT(read_deb(deb, stop).error().message, HasSubstr("enough"));
    EXPECT_EQ(calls, 1);
}

} // namespace
} // namespace bulkhead::image
