#include "image/elf.hpp"

#include "base/file.hpp"
#include "base/process.hpp"
#include "image/library_closure.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::image {
namespace {

using namespace std::chrono_literals;
using test::Folder;
using ::testing::HasSubstr;

std::string self() {
    return std::filesystem::read_symlink("/proc/self/exe").string();
}

TEST(Elf, AgreesWithReadelf) {
    for (const std::string& file :
         {std::string("/bin/true"), std::string("/lib/x86_64-linux-gnu/libstdc++.so.6"), self()}) {
        const auto listing = run_checked({"env", "LC_ALL=C", "readelf", "-dlW", file}, 30s);
        ASSERT_TRUE(listing) << listing.error().message;
        std::vector<std::string> needed;
        const std::regex need("\\(NEEDED\\) .*\\[(.*)\\]");
        for (auto match = std::sregex_iterator(listing->begin(), listing->end(), need); match != std::sregex_iterator();
             ++match)
            needed.push_back((*match)[1]);
        std::smatch found;
        const std::string soname =
            std::regex_search(*listing, found, std::regex("\\(SONAME\\) .*\\[(.*)\\]")) ? found[1].str() : "";
        const std::string interpreter =
            std::regex_search(*listing, found, std::regex("interpreter: (.*)\\]")) ? found[1].str() : "";

        const auto elf = parse_elf(*read_file(file, 512 << 20));
        ASSERT_TRUE(elf) << elf.error().message;
        EXPECT_EQ(elf->needed, needed) << file;
        EXPECT_EQ(elf->soname, soname) << file;
        EXPECT_EQ(elf->interpreter, interpreter) << file;
    }
}

TEST(Elf, RefusesOtherFiles) {
    EXPECT_FALSE(parse_elf(""));
    EXPECT_FALSE(parse_elf("#!/bin/sh\n"));
    EXPECT_FALSE(parse_elf("\x7f"
                           "ELF"));
    std::string small_word = test::make_static_program();
    small_word[EI_CLASS] = ELFCLASS32;
    EXPECT_FALSE(parse_elf(small_word));
}

TEST(Elf, OffsetsOutsideTheFileAreErrors) {
    const std::string good = *read_file("/bin/true", 1 << 24);
    ASSERT_TRUE(parse_elf(good));
    EXPECT_FALSE(parse_elf(std::string_view(good).substr(0, 100)));
    std::string bad = good;
    Elf64_Ehdr header{};
    std::memcpy(&header, bad.data(), sizeof header);
    for (const std::uint64_t offset : {UINT64_MAX, UINT64_MAX - 60, std::uint64_t{bad.size() - 10}}) {
        header.e_phoff = offset;
        std::memcpy(bad.data(), &header, sizeof header);
        EXPECT_FALSE(parse_elf(bad));
        EXPECT_FALSE(strip_program(bad));
    }
}

TEST(Elf, AStrippedProgramStillRuns) {
    const Folder folder;
    const std::string whole = *read_file("/bin/echo", 1 << 24);
    const auto stripped = strip_program(whole);
    ASSERT_TRUE(stripped) << stripped.error().message;
    EXPECT_LT(stripped->size(), whole.size());
    test::put(folder / "echo", *stripped);
    ::chmod((folder / "echo").c_str(), 0755);
    const auto said = run_checked({folder / "echo", "hello"}, 10s);
    ASSERT_TRUE(said) << said.error().message;
    EXPECT_EQ(*said, "hello\n");
    EXPECT_THAT(*strip_program(test::make_static_program()), testing::Not(HasSubstr("debug")));
}

TEST(LibraryClosure, AgreesWithLdd) {
    const auto listing = run_checked({"ldd", self()}, 30s);
    ASSERT_TRUE(listing) << listing.error().message;
    std::set<std::string> expected;
    const std::regex line("(/\\S+) \\(0x"); // "NAME => PATH (0x…)" and the loader's own line
    for (auto match = std::sregex_iterator(listing->begin(), listing->end(), line); match != std::sregex_iterator();
         ++match)
        expected.insert(std::filesystem::canonical((*match)[1].str()).string());
    const auto closure = library_closure({self()}, {"/"});
    ASSERT_TRUE(closure) << closure.error().message;
    std::set<std::string> found;
    for (const LibraryFile& file : *closure) {
        found.insert(std::filesystem::canonical(file.source).string());
        EXPECT_EQ(std::filesystem::canonical(file.path), std::filesystem::canonical(file.source));
    }
    EXPECT_EQ(found, expected);
}

TEST(LibraryClosure, NamesTheProgramAndTheMissingLibrary) {
    const Folder empty;
    const auto closure = library_closure({"/bin/true"}, {empty.path()});
    ASSERT_FALSE(closure);
    EXPECT_THAT(closure.error().message, HasSubstr("/bin/true needs"));
    EXPECT_THAT(library_closure({}, {"/"}, {"libnone.so.9"}).error().message, HasSubstr("libnone.so.9"));
}

TEST(LibraryClosure, ScriptsAndStaticProgramsNeedNothing) {
    const Folder folder;
    test::put(folder / "script", "#!/bin/sh\n");
    test::put(folder / "static", test::make_static_program());
    const auto closure = library_closure({folder / "script", folder / "static"}, {folder.path()});
    ASSERT_TRUE(closure) << closure.error().message;
    EXPECT_TRUE(closure->empty());
}

TEST(LibraryClosure, FindsLibrariesByRunpathInTheirRoot) {
    // A package as Xen's: its private libraries lie where only the program's DT_RUNPATH points.
    const Folder folder;
    test::put(folder / "a.c", "int a(void) { return 1; }\n");
    test::put(folder / "m.c", "int a(void); int main(void) { return a(); }\n");
    std::filesystem::create_directories(folder / "root/opt/bin");
    std::filesystem::create_directories(folder / "root/opt/private");
    ASSERT_TRUE(run_checked({"gcc", "-shared", "-fPIC", "-o", folder / "root/opt/private/liba.so.1",
                             "-Wl,-soname,liba.so.1", folder / "a.c"},
                            60s));
    ASSERT_TRUE(run_checked({"gcc", "-o", folder / "root/opt/bin/m", folder / "m.c",
                             folder / "root/opt/private/liba.so.1", "-Wl,-rpath,$ORIGIN/../private"},
                            60s));
    const auto closure = library_closure({folder / "root/opt/bin/m"}, {folder / "root", "/"});
    ASSERT_TRUE(closure) << closure.error().message;
    EXPECT_THAT(*closure, testing::Contains(testing::AllOf(
                              testing::Field(&LibraryFile::path, "/opt/private/liba.so.1"),
                              testing::Field(&LibraryFile::source, folder / "root/opt/private/liba.so.1"))));
}

TEST(ResolveInRoot, LinksStayInside) {
    const Folder folder;
    const std::string root = folder / "root";
    test::put(root + "/usr/lib/real", "x");
    test::put(folder / "secret", "x");
    const auto link = [&](const char* target, const std::string& path) {
        ASSERT_EQ(::symlink(target, (root + path).c_str()), 0);
    };
    link("usr/lib", "/lib");
    link("/lib/real", "/absolute");
    link("../../../secret", "/up");
    link("loop", "/loop");
    EXPECT_EQ(resolve_in_root(root, "/lib/real"), root + "/usr/lib/real");
    EXPECT_EQ(resolve_in_root(root, "/absolute"), root + "/usr/lib/real");
    EXPECT_EQ(resolve_in_root(root, "/up"), "");
    EXPECT_EQ(resolve_in_root(root, "/../secret"), "");
    EXPECT_EQ(resolve_in_root(root, "/loop"), "");
    EXPECT_EQ(resolve_in_root(root, "/usr/lib"), "") << "a directory is not a file";
    EXPECT_EQ(resolve_in_root("/", "/bin/true"), std::filesystem::canonical("/bin/true").string());
}

} // namespace
} // namespace bulkhead::image
