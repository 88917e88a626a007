#include "domain/saved_image.hpp"

#include <algorithm>
#include <cstring>
#include <gmock/gmock.h>
#include <random>

namespace bulkhead::domain {
namespace {

using ::testing::HasSubstr;

SavedHeader some_header() {
    return {"web", "8f5f4cf0-0000-4000-8000-000000000001", "name = \"web\"\n", "web.cfg", "/etc/xen", "4.17", 1234,
            65536};
}

SavedReader::Source source_of(const std::string& bytes, std::size_t& at) {
    return [&bytes, &at](char* buffer, std::size_t size) -> Result<std::size_t> {
        const std::size_t part = std::min(size, bytes.size() - at);
        std::memcpy(buffer, bytes.data() + at, part);
        at += part;
        return part;
    };
}

std::string image_of(const std::vector<std::string>& parts) {
    std::string image = SavedWriter::header(some_header());
    SavedWriter writer;
    for (const std::string& part : parts) image += writer.frame(part) + part;
    return image + writer.end();
}

// The stream in the image, or the first error.
Result<std::string> read(const std::string& image) {
    std::size_t at = 0;
    SavedReader reader(source_of(image, at));
    TRY(reader.header());
    const std::size_t tail = std::min(image.size(), SavedReader::end_size);
    TRY(reader.check_end(std::string_view(image).substr(image.size() - tail), image.size()));
    std::string stream;
    for (;;) {
        const std::string_view bytes = TRY(reader.next());
        if (bytes.empty()) return stream;
        stream += bytes;
    }
}

TEST(SavedImage, WhatGoesInComesOut) {
    const std::string large(SavedWriter::frame_max, 'x');
    EXPECT_EQ(read(image_of({})).value(), "");
    EXPECT_EQ(read(image_of({"a", large, "bc"})).value(), "a" + large + "bc");
    std::size_t at = 0;
    const std::string image = image_of({"a"});
    SavedReader reader(source_of(image, at));
    const auto header = reader.header();
    ASSERT_TRUE(header);
    const SavedHeader wanted = some_header();
    EXPECT_EQ(header->name, wanted.name);
    EXPECT_EQ(header->uuid, wanted.uuid);
    EXPECT_EQ(header->config, wanted.config);
    EXPECT_EQ(header->source, wanted.source);
    EXPECT_EQ(header->directory, wanted.directory);
    EXPECT_EQ(header->xen, wanted.xen);
    EXPECT_EQ(header->saved_ms, wanted.saved_ms);
    EXPECT_EQ(header->memory_kib, wanted.memory_kib);
}

TEST(SavedImage, EveryLengthButTheWholeIsRefused) {
    const std::string image = image_of({"some memory", "more of it"});
    for (std::size_t size = 0; size < image.size(); ++size) EXPECT_FALSE(read(image.substr(0, size))) << size;
    EXPECT_FALSE(read(image + '\0'));
}

TEST(SavedImage, EveryFlippedBitIsRefused) {
    const std::string image = image_of({"some memory", "more of it"});
    for (std::size_t i = 0; i < image.size() * 8; ++i) {
        std::string damaged = image;
        damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << (i % 8)));
        EXPECT_FALSE(read(damaged)) << "bit " << i;
    }
}

TEST(SavedImage, ExchangedAndMissingFramesAreRefused) {
    SavedWriter writer;
    const std::string header = SavedWriter::header(some_header());
    const std::string one = writer.frame("one!") + "one!";
    const std::string two = writer.frame("two!") + "two!";
    EXPECT_TRUE(read(header + one + two + writer.end()));
    EXPECT_THAT(read(header + two + one + writer.end()).error().message, HasSubstr("the checksum of frame 1 is wrong"));
    EXPECT_THAT(read(header + one + writer.end()).error().message, HasSubstr("something is missing"));
}

TEST(SavedImage, ErrorsSayWhatToDo) {
    EXPECT_THAT(read("Xen saved domain, xl format\n \0 \r and more").error().message, HasSubstr("xl restore"));
    EXPECT_THAT(read("something else").error().message, HasSubstr("no saved domain"));
    EXPECT_THAT(read("").error().message, HasSubstr("no saved domain"));
    std::string newer = image_of({});
    newer[20] = 2;
    EXPECT_THAT(read(newer).error().message, HasSubstr("format 2"));
    const std::string image = image_of({"some memory"});
    std::string damaged = image;
    damaged[image.size() - SavedReader::end_size - 3] ^= 1;
    EXPECT_THAT(read(damaged).error().message, HasSubstr("frame 1 is wrong"));
    EXPECT_THAT(read(image.substr(0, image.size() - 5)).error().message, HasSubstr("cut short"));
}

} // namespace
} // namespace bulkhead::domain
