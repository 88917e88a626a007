#include "base/file.hpp"

#include <cerrno>
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace bulkhead;

namespace {

struct File : testing::Test {
    std::string folder = testing::TempDir() + "bulkhead-file." + std::to_string(::getpid());
    void SetUp() override { ASSERT_TRUE(make_directories(folder + "/a/b")); }
    void TearDown() override { std::filesystem::remove_all(folder); }
};

} // namespace

TEST_F(File, WritesWholeAndReadsBack) {
    ASSERT_TRUE(write_file_atomic(folder + "/f", "hello"));
    EXPECT_EQ(read_file(folder + "/f", 5).value(), "hello");
    EXPECT_FALSE(read_file(folder + "/f", 4));
}

TEST_F(File, FailureLeavesNothingBehind) {
    const Status status = write_file_atomic(folder + "/a/b", "x"); // a directory stands there
    ASSERT_FALSE(status);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder + "/a"), {}), 1);
}

TEST_F(File, ErrorsNameTheFileAndKeepErrno) {
    const auto result = read_file(folder + "/none", 10);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ENOENT);
    EXPECT_NE(result.error().message.find("/none: No such file"), std::string::npos);
}

TEST_F(File, MakeDirectoriesRefusesAFileInTheWay) {
    ASSERT_TRUE(write_file_atomic(folder + "/f", ""));
    EXPECT_FALSE(make_directories(folder + "/f/g"));
    EXPECT_FALSE(make_directories(folder + "/f"));
}
