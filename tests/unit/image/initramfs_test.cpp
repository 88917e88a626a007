#include "image/initramfs.hpp"

#include "image/unpack.hpp"
#include "support.hpp"
#include "support/own_namespaces.hpp"

#include <cerrno>
#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bulkhead::image {
namespace {

using test::Folder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Member {
    unsigned long inode, mode, uid, gid, links, mtime, major, minor;
    std::string name, content;
};

// newc by the kernel's description (buffer-format.rst), apart from the code under test.
std::vector<Member> list(const std::string& archive) {
    std::vector<Member> members;
    for (std::size_t at = 0; at + 110 <= archive.size();) {
        EXPECT_EQ(archive.substr(at, 6), "070701");
        const auto field = [&](std::size_t number) {
            return std::stoul(archive.substr(at + 6 + number * 8, 8), nullptr, 16);
        };
        Member member{field(0), field(1), field(2), field(3), field(4), field(5), field(9), field(10), {}, {}};
        const std::size_t size = field(6), name_size = field(11);
        member.name = archive.substr(at + 110, name_size - 1);
        at = (at + 110 + name_size + 3) / 4 * 4;
        member.content = archive.substr(at, size);
        at = (at + size + 3) / 4 * 4;
        if (member.name == "TRAILER!!!") return members;
        members.push_back(member);
    }
    ADD_FAILURE() << "no trailer";
    return members;
}

TEST(Initramfs, HoldsWhatWasAddedSortedWithParents) {
    Initramfs image;
    ASSERT_TRUE(image.add_file("/usr/bin/tool", "bytes", 0755));
    ASSERT_TRUE(image.add_symlink("/bin", "usr/bin"));
    ASSERT_TRUE(image.add_device("/dev/console", 'c', 5, 1, 0600));
    ASSERT_TRUE(image.add_directory("/usr", 0700));
    const auto bytes = image.build(Compression::none);
    ASSERT_TRUE(bytes);
    const std::vector<Member> members = list(*bytes);
    std::vector<std::string> names;
    for (const Member& member : members) names.push_back(member.name);
    EXPECT_THAT(names, ElementsAre("bin", "dev", "dev/console", "usr", "usr/bin", "usr/bin/tool"));
    EXPECT_EQ(members[0].mode, 0120777U);
    EXPECT_EQ(members[0].content, "usr/bin");
    EXPECT_EQ(members[1].mode, 0040755U);
    EXPECT_EQ(members[2].mode, 0020600U);
    EXPECT_EQ(members[2].major, 5U);
    EXPECT_EQ(members[2].minor, 1U);
    EXPECT_EQ(members[3].mode, 0040700U);
    EXPECT_EQ(members[5].mode, 0100755U);
    EXPECT_EQ(members[5].content, "bytes");
    for (const Member& member : members) {
        EXPECT_EQ(member.uid + member.gid + member.mtime, 0U) << member.name;
        EXPECT_EQ(member.inode, static_cast<unsigned long>(&member - members.data()) + 1);
    }
}

TEST(Initramfs, TheOrderOfTheCallsDoesNotMatter) {
    Initramfs one, two;
    ASSERT_TRUE(one.add_file("/a", "1"));
    ASSERT_TRUE(one.add_file("/b/c", "2"));
    ASSERT_TRUE(two.add_file("/b/c", "2"));
    ASSERT_TRUE(two.add_file("/a", "1"));
    for (const Compression compression : {Compression::none, Compression::gzip, Compression::zstd, Compression::xz})
        EXPECT_EQ(*one.build(compression), *two.build(compression)) << name(compression);
}

TEST(Initramfs, EachCompressionUnpacksToTheSameArchive) {
    Initramfs image;
    std::string noise; // larger than the buffers of compressor and archive writer
    for (unsigned i = 0, value = 1; i < 400'000; ++i)
        noise.push_back(static_cast<char>((value = value * 1664525 + 1013904223) >> 24));
    ASSERT_TRUE(image.add_file("/noise", noise));
    const auto plain = image.build(Compression::none);
    ASSERT_TRUE(plain);
    EXPECT_EQ(list(*plain).at(0).content, noise);
    for (const Compression compression : {Compression::gzip, Compression::zstd, Compression::xz}) {
        const auto packed = image.build(compression);
        ASSERT_TRUE(packed);
        EXPECT_EQ(*unpack(*packed, 1 << 20), *plain) << name(compression);
    }
    // Linux's xz decoder knows CRC32 only: the stream flags' second byte is the kind of check (xz file format 2.1.1.2).
    EXPECT_EQ(image.build(Compression::xz)->substr(6, 2), std::string("\0\x01", 2));
}

TEST(Initramfs, RefusesBadPaths) {
    Initramfs image;
    for (const char* path : {"", "/", "relative", "/a/../b", "/a/./b", "//a", "/a/", "/..", "/a//b"})
        EXPECT_FALSE(image.add_file(path, "x")) << path;
    EXPECT_FALSE(image.add_file(std::string("/a\0b", 4), "x"));
    EXPECT_FALSE(image.add_file("/" + std::string(1024, 'a'), "x"));
    EXPECT_FALSE(image.add_symlink("/link", ""));
    EXPECT_FALSE(image.add_device("/dev/x", 'p', 1, 1));
    EXPECT_EQ(image.size(), 0U);
}

TEST(Initramfs, RefusesDuplicatesAndFilesAsParents) {
    Initramfs image;
    ASSERT_TRUE(image.add_file("/init", "x"));
    ASSERT_TRUE(image.add_symlink("/bin", "usr/bin"));
    ASSERT_TRUE(image.add_directory("/usr"));
    EXPECT_TRUE(image.add_directory("/usr"));
    EXPECT_THAT(image.add_file("/init", "y").error().message, HasSubstr("/init is there twice"));
    EXPECT_FALSE(image.add_file("/usr", "y"));
    EXPECT_FALSE(image.add_directory("/init"));
    EXPECT_THAT(image.add_file("/bin/sh", "y").error().message, HasSubstr("/bin is not a directory"));
    EXPECT_FALSE(image.add_file("/init/x/y", "y"));
}

TEST(Initramfs, TreeTakesFilesLinksAndFoldersWithPlainModes) {
    const Folder folder;
    test::put(folder / "usr/bin/tool", "tool");
    test::put(folder / "usr/share/doc/long", "text");
    ::chmod((folder / "usr/bin/tool").c_str(), 0700);
    ASSERT_EQ(::symlink("tool", (folder / "usr/bin/other").c_str()), 0);
    ASSERT_EQ(::mkfifo((folder / "usr/pipe").c_str(), 0600), 0);
    Initramfs image;
    ASSERT_TRUE(image.add_tree(folder.path(), [](const std::string& path) {
        return path.starts_with("/usr/share") ? std::string() : "/opt" + path;
    }));
    const std::vector<Member> members = list(*image.build(Compression::none));
    std::vector<std::string> names;
    for (const Member& member : members) names.push_back(member.name);
    EXPECT_THAT(names, ElementsAre("opt", "opt/usr", "opt/usr/bin", "opt/usr/bin/other", "opt/usr/bin/tool"));
    EXPECT_EQ(members[4].mode, 0100755U);
    EXPECT_EQ(members[4].content, "tool");
}

TEST(Initramfs, MissingSourcesAreNamed) {
    Initramfs image;
    EXPECT_THAT(image.add_file_from("/a", "/nonexistent/file").error().message, HasSubstr("/nonexistent/file"));
    EXPECT_THAT(image.add_file_from("/a", "/dev/null").error().message, HasSubstr("not a regular file"));
}

TEST(Initramfs, AFileThatVanishesIsAnErrorAndLeavesNothing) {
    const Folder folder;
    test::put(folder / "source", "x");
    Initramfs image;
    ASSERT_TRUE(image.add_file_from("/a", folder / "source"));
    std::filesystem::remove(folder / "source");
    EXPECT_FALSE(image.write(folder / "image", Compression::gzip));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Initramfs, AWriteErrorKeepsTheOldFile) {
    const Folder folder;
    test::put(folder / "image", "old");
    Initramfs image;
    ASSERT_TRUE(image.add_file("/big", std::string(1 << 20, 'x')));
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small{100 * 1024, before.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const Status written = image.write(folder / "image", Compression::none);
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, EFBIG);
    EXPECT_EQ(test::get(folder / "image"), "old");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Initramfs, AFullDiskHasItsOwnMessage) {
    const Folder folder;
    Initramfs image;
    ASSERT_TRUE(image.add_file("/big", std::string(1 << 20, 'x')));
    const pid_t child = ::fork(); // a mount name space of its own
    ASSERT_GE(child, 0);
    if (child == 0) {
        if (!bulkhead::test::enter_own_namespaces(CLONE_NEWNS)) ::_exit(77);
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
        if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=256k") != 0) ::_exit(77);
        const Status written = image.write(folder / "image", Compression::none);
        const bool said = !written && written.error().message.find("no space left") != std::string::npos;
        ::_exit(said && std::filesystem::is_empty(folder.path()) ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0) << "77: no mount name spaces here; run as root, or allow user name spaces";
}

} // namespace
} // namespace bulkhead::image
