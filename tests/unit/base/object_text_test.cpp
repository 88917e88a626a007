#include "base/object_text.hpp"

#include <cstdint>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using bulkhead::ObjectText;

TEST(ObjectText, IsWhatTheLibraryReads) {
    ObjectText object;
    object.truth("yes", true);
    object.truth("no", false);
    object.number("least", INT64_MIN);
    object.number("most", UINT64_MAX);
    object.text("empty", "");
    object.text("plain", "a name with /~ in it");
    const nlohmann::json expected = {{"yes", true},        {"no", false}, {"least", INT64_MIN},
                                     {"most", UINT64_MAX}, {"empty", ""}, {"plain", "a name with /~ in it"}};
    EXPECT_EQ(nlohmann::json::parse(std::move(object).end()), expected);
    EXPECT_EQ(ObjectText().end(), "{}");
}

TEST(ObjectText, KeepsEveryByteOfAStrangersTextFromTheStructure) {
    for (int byte = 0; byte < 256; ++byte) {
        const std::string value = {'a', static_cast<char>(byte), '"'};
        ObjectText object;
        object.text("key", value);
        object.truth("last", true);
        const auto read = nlohmann::json::parse(std::move(object).end(), nullptr, false);
        ASSERT_TRUE(read.is_object()) << byte;
        EXPECT_EQ(read.size(), 2U) << byte;
        EXPECT_EQ(read["key"], byte < 0x80 ? value : "a\xEF\xBF\xBD\"") << byte;
    }
}
