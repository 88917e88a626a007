#include "domain/saved_file.hpp"

#include "base/file.hpp"

#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <unistd.h>

namespace bulkhead::domain {
namespace {

using ::testing::HasSubstr;

struct SavedFileTest : testing::Test {
    const std::string path = testing::TempDir() + "bulkhead-saved." + std::to_string(::getpid());
    std::vector<std::string> told;
    const Progress progress = [this](std::string_view words) { told.emplace_back(words); };
    std::string stream;

    void SetUp() override {
        for (std::size_t i = 0; i < 3 * saved_part + 17; ++i) stream += static_cast<char>(i * 7 >> 8);
    }
    void TearDown() override { std::filesystem::remove(path); }

    // As libxl does: now much, now little.
    Status write(const Status& end = {}) {
        const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        SavedHeader header;
        header.name = "web";
        return write_saved_file(
            file, header,
            [&](int fd) -> Status {
                for (std::size_t at = 0, size = 1; at < stream.size(); at += size, size = size * 3 % 400'000 + 1)
                    TRY(write_all(fd, std::string_view(stream).substr(at, size)));
                return end;
            },
            progress);
    }
    // What libxl reads.
    Result<unsigned> restore(std::string& got, const Result<unsigned>& end = 7U) {
        SavedFile file = TRY(SavedFile::open(path));
        EXPECT_EQ(file.header().name, "web");
        return file.feed(
            [&](int fd) -> Result<unsigned> {
                got.resize(stream.size());
                EXPECT_EQ(::read(fd, got.data(), got.size()), static_cast<ssize_t>(got.size()));
                return end;
            },
            progress);
    }
    void damage(std::size_t at) { // of the stream
        std::string bytes = read_file(path, 1 << 30).value();
        bytes[bytes.find(stream.substr(0, 1000)) + at] ^= 1;
        ASSERT_TRUE(write_to(path, bytes));
    }
};

TEST_F(SavedFileTest, IsReadAsItWasWritten) {
    ASSERT_TRUE(write());
    std::string got;
    EXPECT_EQ(restore(got).value(), 7U);
    EXPECT_TRUE(got == stream);
}

TEST_F(SavedFileTest, AnEmptyStreamIsOne) {
    stream.clear();
    ASSERT_TRUE(write());
    std::string got;
    EXPECT_EQ(restore(got).value(), 7U);
}

TEST_F(SavedFileTest, AWriterThatFailsLeavesNothingThatLooksWhole) {
    EXPECT_EQ(write(fail("no room", ENOSPC)).error().code, ENOSPC);
    EXPECT_THAT(SavedFile::open(path).error().message, HasSubstr("cut short"));
}

TEST_F(SavedFileTest, DamageIsFoundThoughTheReaderIsContent) {
    for (const std::size_t at : {std::size_t{0}, saved_part, stream.size() - 1}) {
        ASSERT_TRUE(write());
        damage(at);
        std::string got;
        EXPECT_THAT(restore(got).error().message,
                    HasSubstr("part " + std::to_string(at / saved_part + 1) + " is wrong"));
    }
}

TEST_F(SavedFileTest, DamageIsTheReasonWhenTheReaderGaveUpBehindIt) {
    ASSERT_TRUE(write());
    std::string got;
    EXPECT_EQ(restore(got, fail("no memory", ENOMEM)).error().message, "no memory");
    damage(saved_part);
    EXPECT_THAT(restore(got, fail("bad record", EIO)).error().message, HasSubstr("part 2 is wrong"));
    // Before it, the damage has nothing to do with it.
    SavedFile file = SavedFile::open(path).value();
    EXPECT_EQ(file.feed([](int) -> Result<unsigned> { return fail("no memory", ENOMEM); }, progress).error().message,
              "no memory");
}

TEST_F(SavedFileTest, AFolderIsNone) {
    EXPECT_THAT(SavedFile::open(testing::TempDir()).error().message, HasSubstr("is not a file"));
}

} // namespace
} // namespace bulkhead::domain
