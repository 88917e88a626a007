#include "api/message.hpp"

#include <gtest/gtest.h>

using namespace bulkhead;
using namespace bulkhead::api;

namespace {

std::string without_newline(std::string text) {
    EXPECT_EQ(text.back(), '\n');
    text.pop_back();
    EXPECT_EQ(text.find('\n'), std::string::npos);
    return text;
}

} // namespace

TEST(Message, RequestsSurviveTheWay) {
    const auto request = parse_request(without_newline(print_request({"create", R"({"config":"a\nb"})"})));
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->verb, "create");
    EXPECT_EQ(request->arguments, R"({"config":"a\nb"})");
    EXPECT_EQ(parse_request(R"({"version":1,"verb":"list"})")->arguments, "{}");
}

TEST(Message, AnswersSurviveTheWay) {
    auto answer = parse_answer(without_newline(print_progress("50 %\nof it \xff")));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->kind, Answer::Kind::progress);
    EXPECT_EQ(answer->text, "50 %\nof it \xef\xbf\xbd"); // not UTF-8: replaced
    answer = parse_answer(without_newline(print_result(R"({"id":3})")));
    EXPECT_EQ(answer->kind, Answer::Kind::result);
    EXPECT_EQ(answer->text, R"({"id":3})");
    answer = parse_answer(without_newline(print_error({"no such \"domain\"", 2})));
    EXPECT_EQ(answer->kind, Answer::Kind::error);
    EXPECT_EQ(answer->error.message, "no such \"domain\"");
    EXPECT_EQ(answer->error.code, 2);
}

TEST(Message, GarbageIsRefused) {
    for (const char* line : {"", "{", "[]", "3", "null", "{\"version\":1}", "{\"version\":\"1\",\"verb\":\"x\"}",
                             "{\"verb\":\"x\"}", "{\"version\":2,\"verb\":\"x\"}", "{\"version\":1,\"verb\":7}",
                             "{\"version\":1,\"verb\":\"x\",\"arguments\":[]}"}) {
        EXPECT_FALSE(parse_request(line)) << line;
    }
    EXPECT_FALSE(parse_request(std::string(100000, '[')));
    EXPECT_FALSE(parse_request(std::string(request_size_max + 1, ' ')));
    for (const char* line : {"", "{}", "{\"error\":3}", "{\"error\":{}}", "{\"progress\":3}"})
        EXPECT_FALSE(parse_answer(line)) << line;
}

TEST(Message, ADifferentVersionSaysWhatToDo) {
    EXPECT_NE(parse_request("{\"version\":9,\"verb\":\"x\"}").error().message.find("restart bulkheadd"),
              std::string::npos);
}

TEST(LineReader, CutsLinesWhereverTheBytesBreak) {
    LineReader reader(8);
    reader.add("ab");
    EXPECT_EQ(reader.next().value(), std::nullopt);
    reader.add("c\n\nlong");
    EXPECT_EQ(reader.next().value(), "abc");
    EXPECT_EQ(reader.next().value(), "");
    EXPECT_EQ(reader.next().value(), std::nullopt);
    reader.add("12345");
    EXPECT_FALSE(reader.next());
}

TEST(LineReader, AWholeLineMayNotBeLongerEither) {
    LineReader reader(3);
    reader.add("abcd\n");
    EXPECT_FALSE(reader.next());
}
