#include "lab/frame.hpp"

#include <gtest/gtest.h>

namespace bulkhead::lab {
namespace {

TEST(Frame, ComesBackFromItsBytes) {
    FrameDecoder decoder;
    decoder.feed(encode_frame(FrameType::output, 0xdeadbeef, "hello") + encode_frame(FrameType::input_end, 7));
    const auto first = decoder.next();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->type, FrameType::output);
    EXPECT_EQ(first->session, 0xdeadbeefU);
    EXPECT_EQ(first->payload, "hello");
    const auto second = decoder.next();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->type, FrameType::input_end);
    EXPECT_EQ(second->payload, "");
    EXPECT_FALSE(decoder.next());
    EXPECT_EQ(decoder.skipped(), 0U);
}

TEST(Frame, ArrivesInPiecesOfAnySize) {
    const std::string bytes = encode_frame(FrameType::error, 3, std::string(1000, 'x'));
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{16}, std::size_t{999}}) {
        FrameDecoder decoder;
        std::optional<Frame> frame;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            ASSERT_FALSE(frame);
            decoder.feed(std::string_view(bytes).substr(at, piece));
            frame = decoder.next();
        }
        ASSERT_TRUE(frame);
        EXPECT_EQ(frame->payload.size(), 1000U);
    }
}

TEST(Frame, IsFoundBehindGarbage) {
    FrameDecoder decoder;
    decoder.feed("BkLb garbage BkLb\x01" + std::string(50, 'B') + encode_frame(FrameType::hello, 1));
    const auto frame = decoder.next();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->session, 1U);
    EXPECT_GT(decoder.skipped(), 50U);
}

// A client died in the middle of a frame: the next one's zeros complete it, and its hello is found.
TEST(Frame, HelloIsFoundAfterHalfAFrameAndZeros) {
    FrameDecoder decoder;
    decoder.feed(encode_frame(FrameType::input, 1, std::string(frame_payload_limit, 'x')).substr(0, 5000));
    decoder.feed(std::string(frame_payload_limit + frame_header_size, '\0') + encode_frame(FrameType::hello, 2));
    const auto stale = decoder.next();
    ASSERT_TRUE(stale);
    EXPECT_EQ(stale->session, 1U);
    const auto hello = decoder.next();
    ASSERT_TRUE(hello);
    EXPECT_EQ(hello->type, FrameType::hello);
    EXPECT_EQ(hello->session, 2U);
}

TEST(Frame, OfAnotherSessionIsSkipped) {
    FrameDecoder decoder(5);
    decoder.feed(encode_frame(FrameType::output, 4, "stale") + encode_frame(FrameType::output, 5, "mine"));
    const auto frame = decoder.next();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->payload, "mine");
}

TEST(Frame, TooLongIsGarbage) {
    std::string bytes = encode_frame(FrameType::output, 1);
    bytes[14] = '\x7f'; // length
    FrameDecoder decoder;
    decoder.feed(bytes + std::string(100, 'x'));
    EXPECT_FALSE(decoder.next());
    EXPECT_LE(decoder.buffered(), frame_header_size);
}

TEST(ExecRequest, ComesBackFromItsBytes) {
    ExecRequest request;
    request.arguments = {"sh", "-c", "echo \"$A\"\n", ""};
    request.environment = {{"A", "b=c"}, {"EMPTY", ""}};
    request.directory = "/tmp";
    request.terminal = true;
    request.rows = 50;
    request.columns = 132;
    const auto bytes = encode_request(request);
    ASSERT_TRUE(bytes);
    const auto back = decode_request(*bytes);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->arguments, request.arguments);
    EXPECT_EQ(back->environment, request.environment);
    EXPECT_EQ(back->directory, "/tmp");
    EXPECT_TRUE(back->terminal);
    EXPECT_EQ(back->rows, 50);
    EXPECT_EQ(back->columns, 132);
}

TEST(ExecRequest, RefusesEveryCutAndEveryAddition) {
    ExecRequest request;
    request.arguments = {"true", "x"};
    request.environment = {{"A", "b"}};
    const std::string bytes = *encode_request(request);
    for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_request(bytes.substr(0, size))) << size;
    EXPECT_FALSE(decode_request(bytes + "x"));
}

TEST(ExecRequest, RefusesWhatCannotBeRun) {
    ExecRequest request;
    EXPECT_FALSE(encode_request(request)); // no command
    request.arguments = {std::string("a\0b", 3)};
    EXPECT_FALSE(decode_request(*encode_request(request)));
    request.arguments = {"true"};
    request.environment = {{"A=B", "c"}};
    EXPECT_FALSE(decode_request(*encode_request(request)));
    request.environment.clear();
    request.arguments.emplace_back(frame_payload_limit, 'x');
    const auto too_long = encode_request(request);
    ASSERT_FALSE(too_long);
    EXPECT_NE(too_long.error().message.find("lab put"), std::string::npos);
}

TEST(Frame, NumbersAndSizes) {
    EXPECT_EQ(*decode_number(encode_number(0x01020304)), 0x01020304U);
    EXPECT_FALSE(decode_number("abc"));
    const auto size = decode_size(encode_size(24, 80));
    ASSERT_TRUE(size);
    EXPECT_EQ(size->first, 24);
    EXPECT_EQ(size->second, 80);
}

} // namespace
} // namespace bulkhead::lab
