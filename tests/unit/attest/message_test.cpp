#include "attest/message.hpp"

#include "base/text.hpp"

#include <gmock/gmock.h>

namespace bulkhead::attest {
namespace {

using ::testing::HasSubstr;

std::string unhex(std::string_view digits) {
    return from_hex(digits).value();
}

TEST(Message, EachComesBackAndIsWaitedFor) {
    const std::string nonce(nonce_size, 'n');
    const Message all[] = {Hello{"web1"}, Challenge{nonce, "sha256:8,9"},
                           Evidence{"q", "s", "v", std::string(70000, 'l')}, Release{std::string("\0secret", 7)},
                           Refusal{""}};
    for (const Message& message : all) {
        const std::string bytes = encode(message);
        for (const std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{5}, bytes.size() - 1}) {
            const auto partial = decode(std::string_view(bytes).substr(0, size), evidence_limit);
            ASSERT_TRUE(partial) << partial.error().message;
            EXPECT_FALSE(*partial);
        }
        const auto whole = decode(bytes + "more", evidence_limit);
        ASSERT_TRUE(whole) << whole.error().message;
        EXPECT_EQ((*whole)->size, bytes.size());
        EXPECT_EQ(encode((*whole)->message), bytes);
        EXPECT_EQ((*whole)->message.index(), message.index());
    }
    EXPECT_EQ(to_hex(encode(Hello{"ab"})), "00000008"
                                           "01"
                                           "01"
                                           "00000002"
                                           "6162");
}

TEST(Message, LiesAreRefusedWithTheirPlace) {
    const auto refused = [](const char* hex, std::size_t most, const char* why) {
        const auto decoded = decode(unhex(hex), most);
        ASSERT_FALSE(decoded) << hex;
        EXPECT_THAT(decoded.error().message, HasSubstr(why));
    };
    refused("ffffffff", hello_limit, "byte 0: a message of 4294967295 bytes");
    refused("00000081", hello_limit, "byte 0");
    refused("00000001"
            "01",
            hello_limit, "byte 0");
    refused("00000002"
            "02"
            "01",
            hello_limit, "byte 4: version 2");
    refused("00000002"
            "01"
            "06",
            hello_limit, "byte 5: a message of type 6");
    refused("00000002"
            "01"
            "00",
            hello_limit, "byte 5: a message of type 0");
    refused("00000006"
            "01"
            "01"
            "00000000",
            hello_limit, "byte 6: the machine's name of 0 bytes");
    refused("00000006"
            "01"
            "01"
            "00000041",
            hello_limit, "byte 6: the machine's name of 65 bytes");
    refused("00000006"
            "01"
            "01"
            "00000003",
            hello_limit, "byte 10");
    refused("00000008"
            "01"
            "01"
            "00000001"
            "6162",
            hello_limit, "1 bytes behind the message");
    refused("00000006"
            "01"
            "02"
            "0000001f",
            hello_limit, "the nonce of 31 bytes");
}

TEST(Message, QualifyingDataDependsOnEveryPart) {
    const std::string nonce(nonce_size, 'n'), exported(32, 'e');
    const std::string one = qualifying_data("web1", nonce, exported);
    EXPECT_EQ(one.size(), 32U);
    EXPECT_NE(qualifying_data("web2", nonce, exported), one);
    EXPECT_NE(qualifying_data("web1", std::string(nonce_size, 'm'), exported), one);
    EXPECT_NE(qualifying_data("web1", nonce, std::string(32, 'f')), one);
    EXPECT_NE(qualifying_data("web1n", nonce.substr(1), exported), one);
}

} // namespace
} // namespace bulkhead::attest
