#include "image/package_cache.hpp"

#include "fake_apt.hpp"
#include "image/apt.hpp"

#include <cerrno>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bulkhead::image {
namespace {

namespace fs = std::filesystem;
using test::FakeApt;
using test::Folder;
using ::testing::HasSubstr;

test::FillTar one_file(const std::string& path, const std::string& bytes) {
    return [=](std::string& tar) { test::tar_entry(tar, path, test::TarType::file, bytes); };
}

class Cache : public ::testing::Test {
protected:
    PackageCache open() {
        auto cache = PackageCache::open(folder_ / "cache");
        EXPECT_TRUE(cache) << cache.error().message;
        return *cache;
    }
    // Nothing but the index, the packages, the kernels and the lock stays in the cache.
    void expect_tidy() {
        for (const auto& entry : fs::directory_iterator(folder_ / "cache"))
            EXPECT_FALSE(entry.path().filename().string().starts_with("tmp.")) << entry.path();
    }
    Folder folder_;
    FakeApt apt_;
};

TEST_F(Cache, FetchesOnceAndThenCallsNothing) {
    apt_.offer("hello", "1:2.10-3+b1", one_file("./usr/bin/hello", "hi"));
    apt_.offer("other", "1", one_file("./etc/other", "o"));
    PackageCache cache = open();
    EXPECT_EQ(cache.root("hello"), "");
    std::string said;
    ASSERT_TRUE(
        cache.fetch({"hello", "other", "hello"}, [&](std::string_view text) { said.append(text).append("\n"); }));
    EXPECT_THAT(said, HasSubstr("downloading 2 packages"));
    EXPECT_EQ(cache.version("hello"), "1:2.10-3+b1");
    EXPECT_EQ(cache.root("hello").find(':'), std::string::npos);
    EXPECT_EQ(test::get(cache.root("hello") + "/usr/bin/hello"), "hi");
    EXPECT_EQ(test::get(cache.root("other") + "/etc/other"), "o");
    expect_tidy();

    apt_.forget_calls();
    ASSERT_TRUE(open().fetch({"other", "hello"}, {}));
    EXPECT_EQ(apt_.calls(), "");
}

TEST_F(Cache, OnlyWhatIsMissingIsDownloaded) {
    apt_.offer("aa", "1", one_file("./a", "a"));
    apt_.offer("bb", "1", one_file("./b", "b"));
    PackageCache cache = open();
    ASSERT_TRUE(cache.fetch({"aa"}, {}));
    apt_.forget_calls();
    ASSERT_TRUE(cache.fetch({"aa", "bb"}, {}));
    EXPECT_THAT(apt_.calls(), HasSubstr(" bb"));
    EXPECT_EQ(apt_.calls().find(" aa"), std::string::npos);
    fs::remove_all(cache.root("aa")); // by hand: the index still names it
    ASSERT_TRUE(cache.fetch({"aa"}, {}));
    EXPECT_EQ(test::get(cache.root("aa") + "/a"), "a");
}

TEST_F(Cache, RefreshTakesTheNewVersionAndRemovesTheOld) {
    apt_.offer("aa", "1", one_file("./a", "old"));
    PackageCache cache = open();
    ASSERT_TRUE(cache.fetch({"aa"}, {}));
    const std::string old = cache.root("aa");
    apt_.forget_calls();
    ASSERT_TRUE(cache.refresh({"aa"}, {}));
    EXPECT_THAT(apt_.calls(), HasSubstr("--print-uris"));
    EXPECT_EQ(cache.root("aa"), old);
    apt_.offer("aa", "2", one_file("./a", "new"));
    ASSERT_TRUE(cache.refresh({"aa"}, {}));
    EXPECT_EQ(cache.version("aa"), "2");
    EXPECT_EQ(test::get(cache.root("aa") + "/a"), "new");
    EXPECT_FALSE(fs::exists(old));
}

TEST_F(Cache, FailuresLeaveNothingBehind) {
    apt_.offer("good", "1", one_file("./g", "g"));
    PackageCache cache = open();
    const Status unknown = cache.fetch({"good", "unknown"}, {});
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message, HasSubstr("apt: Unable to locate package unknown"));
    EXPECT_EQ(cache.root("good"), "");

    apt_.offer("bad", "1", one_file("../outside", "x"));
    EXPECT_FALSE(cache.fetch({"bad"}, {}));
    EXPECT_FALSE(fs::exists(folder_ / "outside"));
    EXPECT_EQ(cache.root("bad"), "");

    apt_.offer_file("liar_1_amd64.deb", test::make_deb("good", "1", one_file("./g", "g")));
    EXPECT_THAT(cache.fetch({"liar"}, {}).error().message, HasSubstr("another package"));
    apt_.offer_file("cut_1_amd64.deb", test::make_deb("cut", "1", one_file("./g", "g")).substr(0, 400));
    EXPECT_FALSE(cache.fetch({"cut"}, {}));
    expect_tidy();
}

TEST_F(Cache, LeftoversOfAKilledProcessAreRemoved) {
    apt_.offer("aa", "1", one_file("./a", "a"));
    PackageCache cache = open();
    test::put(folder_ / "cache/tmp.dead00/unpacked.aa/x", "half");
    ASSERT_TRUE(cache.fetch({"aa"}, {}));
    expect_tidy();
}

TEST_F(Cache, NamesAreChecked) {
    PackageCache cache = open();
    for (const char* name : {"", "-o", "a", "../x", "a/b", "Upper", "a b", "a=1", "apt:amd64"}) {
        EXPECT_THAT(cache.fetch({name}, {}).error().message, HasSubstr("not the name of a Debian package")) << name;
        EXPECT_EQ(cache.root(name), "");
    }
    EXPECT_EQ(apt_.calls(), "");
}

TEST_F(Cache, AnIndexFromAStrangerCannotLeadElsewhere) {
    PackageCache cache = open();
    test::put(folder_ / "cache/index/aa", "../../../etc\n");
    EXPECT_EQ(cache.root("aa"), "");
}

TEST_F(Cache, ProcessesWaitForEachOther) {
    apt_.offer("aa", "1", one_file("./a", "a"));
    PackageCache cache = open();
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) ::_exit(cache.fetch({"aa"}, {}) && test::get(cache.root("aa") + "/a") == "a" ? 0 : 1);
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }
    const std::string calls = apt_.calls();
    EXPECT_EQ(std::count(calls.begin(), calls.end(), '\n'), 1) << calls;
}

TEST_F(Cache, ResolvesTheKernelAndRemembersIt) {
    PackageCache cache = open();
    EXPECT_EQ(*cache.resolve_kernel("linux-image-amd64"), "linux-image-6.1.0-test");
    apt_.set_kernel("linux-image-6.1.0-next");
    EXPECT_EQ(*open().resolve_kernel("linux-image-amd64"), "linux-image-6.1.0-test");
    EXPECT_EQ(*cache.resolve_kernel("linux-image-amd64", true), "linux-image-6.1.0-next");
    EXPECT_EQ(*cache.resolve_kernel("linux-image-6.1.0-9-amd64"), "linux-image-6.1.0-9-amd64");
    EXPECT_FALSE(cache.resolve_kernel("bash"));
    EXPECT_FALSE(cache.resolve_kernel("linux-image-../x"));
    apt_.set_kernel("nothing");
    EXPECT_THAT(cache.resolve_kernel("linux-image-meta").error().message, HasSubstr("depends on no kernel"));
}

TEST_F(Cache, ADirectoryThatCannotBeMadeIsNamed) {
    test::put(folder_ / "file", "");
    const auto cache = PackageCache::open(folder_ / "file/cache");
    ASSERT_FALSE(cache);
    EXPECT_THAT(cache.error().message, HasSubstr(folder_ / "file"));
}

TEST(DefaultCache, FollowsXdg) {
    const std::string home = std::getenv("HOME") != nullptr ? std::getenv("HOME") : "";
    ::setenv("XDG_CACHE_HOME", "/var/somewhere", 1);
    EXPECT_EQ(*default_cache_directory(), "/var/somewhere/bulkhead/packages");
    ::setenv("XDG_CACHE_HOME", "relative", 1); // the specification says: ignore it
    ::setenv("HOME", "/home/me", 1);
    EXPECT_EQ(*default_cache_directory(), "/home/me/.cache/bulkhead/packages");
    ::unsetenv("XDG_CACHE_HOME");
    ::unsetenv("HOME");
    EXPECT_FALSE(default_cache_directory());
    ::setenv("HOME", home.c_str(), 1);
}

TEST(ExplainApt, EachComplaintHasItsAdvice) {
    const auto message = [](const char* complaint, bool lists = true) { return explain_apt(complaint, lists).message; };
    EXPECT_THAT(message("E: Unable to locate package x", false), HasSubstr("no package lists: run `apt-get update`"));
    EXPECT_THAT(message("E: Unable to locate package x"), HasSubstr("does not know a package"));
    EXPECT_THAT(message("Err:1 http://m/ x\n  404 Not Found\nE: Failed to fetch http://m/x  404 Not Found"),
                HasSubstr("out of date"));
    EXPECT_THAT(message("E: Failed to fetch http://m/x  Temporary failure resolving 'm'"),
                HasSubstr("cannot be reached"));
    EXPECT_EQ(explain_apt("E: Write error - write (28: No space left on device)", true).code, ENOSPC);
    EXPECT_THAT(message("E: something \x1b[31m new"), HasSubstr("apt failed\n  apt: something \\x1b[31m new"));
}

} // namespace
} // namespace bulkhead::image
