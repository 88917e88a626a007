#include "measure/hash.hpp"

#include "measure/hash_file.hpp"

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace bulkhead::measure {
namespace {

using namespace std::chrono_literals;

TEST(Hash, AgreesWithCoreutils) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text.push_back(static_cast<char>(i * 7));
    for (const std::size_t length : {0U, 1U, 63U, 64U, 111U, 112U, 99'999U}) {
        const std::string part = text.substr(0, length);
        for (const Bank bank : {Bank::sha1, Bank::sha256, Bank::sha384, Bank::sha512}) {
            const auto sum = run_checked({std::string(bank_name(bank)) + "sum"}, 30s, part);
            ASSERT_TRUE(sum) << sum.error().message;
            EXPECT_EQ(to_hex(hash(bank, part)), sum->substr(0, 2 * digest_size(bank))) << length;
        }
    }
}

// GB/T 32905-2016, example 1.
TEST(Hash, Sm3) {
    EXPECT_EQ(to_hex(hash(Bank::sm3_256, "abc")), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
}

TEST(Hash, PiecesGiveWhatTheWholeGives) {
    const std::string text(1'000'003, 'x');
    Hasher hasher(all_banks);
    for (std::size_t at = 0; at < text.size(); at += 4093) hasher.update(std::string_view(text).substr(at, 4093));
    EXPECT_EQ(hasher.finish(), hash(all_banks, text));
}

// Below and above the size from which on every bank has a thread, and at the borders of what is read at once.
TEST(Hash, FilesInOnePassGiveWhatTheirBytesGive) {
    const std::string path = ::testing::TempDir() + "hash-" + std::to_string(::getpid());
    for (const std::size_t size : {0U, 1U, (4U << 20) - 1, 4U << 20, (5U << 20) + 1, (8U << 20) + 12'345}) {
        std::string bytes(size, '\0');
        for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 4096);
        ASSERT_TRUE(write_file_atomic(path, bytes));
        EXPECT_EQ(hash_file(path, all_banks).value(), hash(all_banks, bytes)) << size;
        EXPECT_EQ(hash_file(path, std::array{Bank::sha384}).value(), hash(std::array{Bank::sha384}, bytes)) << size;
        if (size < 10) continue;
        const Fd file(::open(path.c_str(), O_RDONLY));
        ASSERT_EQ(::lseek(file.get(), 10, SEEK_SET), 10);
        EXPECT_EQ(hash_file(file, path, all_banks).value(), hash(all_banks, bytes.substr(10))) << size;
    }
    ::unlink(path.c_str());
    EXPECT_FALSE(hash_file(path, all_banks));
    EXPECT_FALSE(hash_file(::testing::TempDir(), all_banks)); // a folder cannot be read
}

TEST(Hash, ExtendIsTheHashOfBoth) {
    EXPECT_EQ(to_hex(extend(Bank::sha1, std::string(20, '\0'), hash(Bank::sha1, std::string(4, '\0')))),
              "b2a83b0ebf2f8374299a5b2bdfc31ea955ad7236"); // PCR 3 of every firmware that measures only a separator
}

TEST(Hash, HexadecimalBothWays) {
    EXPECT_EQ(to_hex(std::string("\0\xff\x10", 3)), "00ff10");
    EXPECT_EQ(from_hex("00Ff10"), std::string("\0\xff\x10", 3));
    EXPECT_EQ(from_hex(""), "");
    EXPECT_FALSE(from_hex("0"));
    EXPECT_FALSE(from_hex("0g"));
}

TEST(Hash, BanksByNameAndNumber) {
    for (const Bank bank : all_banks) {
        EXPECT_EQ(parse_bank(bank_name(bank)), bank);
        EXPECT_EQ(bank_of(static_cast<std::uint32_t>(bank)), bank);
    }
    EXPECT_FALSE(parse_bank("md5"));
    EXPECT_FALSE(bank_of(0));
    EXPECT_FALSE(bank_of(0x1000b));
}

} // namespace
} // namespace bulkhead::measure
