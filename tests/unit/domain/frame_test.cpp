#include "domain/frame.hpp"

#include <gtest/gtest.h>

using namespace bulkhead::domain;

TEST(Frame, SurvivesAnyCut) {
    const std::string bytes = pack_frame('a', "one") + pack_frame('b', "") + pack_frame('c', std::string(1000, 'z'));
    FrameReader reader;
    std::string types;
    std::size_t sum = 0;
    for (const char c : bytes) {
        reader.add(std::string_view(&c, 1));
        while (const auto frame = reader.next().value()) {
            types.push_back(frame->type);
            sum += frame->bytes.size();
        }
    }
    EXPECT_EQ(types, "abc");
    EXPECT_EQ(sum, 1003U);
}

TEST(Frame, AnAbsurdLengthIsGarbage) {
    FrameReader reader;
    reader.add("a\xff\xff\xff\xff");
    EXPECT_FALSE(reader.next());
}
