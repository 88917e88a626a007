#include "measure/hash.hpp"

#include "base/process.hpp"
#include "base/text.hpp"

#include <gtest/gtest.h>

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
