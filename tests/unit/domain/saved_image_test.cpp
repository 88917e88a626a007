#include "domain/saved_image.hpp"

#include <algorithm>
#include <cstring>
#include <gmock/gmock.h>

namespace bulkhead::domain {
namespace {

using ::testing::HasSubstr;

SavedHeader some_header() {
    return {"web", "8f5f4cf0-0000-4000-8000-000000000001", "name = \"web\"\n", "web.cfg", "/etc/xen", "4.17", 1234,
            65536};
}

std::string image_of(const std::string& stream) {
    std::vector<std::uint64_t> sums;
    for (std::size_t at = 0; at < stream.size(); at += saved_part)
        sums.push_back(saved_part_sum(std::string_view(stream).substr(at, saved_part), sums.size()));
    return print_saved_header(some_header()) + stream + print_saved_end(stream.size(), sums);
}

Result<SavedImage> open(const std::string& bytes) {
    const auto source = [&bytes](std::uint64_t at, char* buffer, std::size_t size) -> Result<std::size_t> {
        const std::string_view part = at < bytes.size() ? std::string_view(bytes).substr(at, size) : "";
        std::copy(part.begin(), part.end(), buffer);
        return part.size();
    };
    return read_saved_image(source, bytes.size());
}

// The stream in the image, or the first error.
Result<std::string> read(const std::string& bytes) {
    const SavedImage image = TRY(open(bytes));
    std::string stream = bytes.substr(image.stream_at, image.stream_size);
    for (std::size_t number = 0; number < image.sums.size(); ++number)
        TRY(image.check_part(number, std::string_view(stream).substr(number * saved_part, saved_part)));
    return stream;
}

TEST(SavedImage, WhatGoesInComesOut) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, saved_part - 1, saved_part, 2 * saved_part + 1}) {
        const std::string stream(size, 'x');
        EXPECT_EQ(read(image_of(stream)).value(), stream) << size;
    }
    const SavedHeader header = open(image_of("a")).value().header, wanted = some_header();
    EXPECT_EQ(header.name, wanted.name);
    EXPECT_EQ(header.uuid, wanted.uuid);
    EXPECT_EQ(header.config, wanted.config);
    EXPECT_EQ(header.source, wanted.source);
    EXPECT_EQ(header.directory, wanted.directory);
    EXPECT_EQ(header.xen, wanted.xen);
    EXPECT_EQ(header.saved_ms, wanted.saved_ms);
    EXPECT_EQ(header.memory_kib, wanted.memory_kib);
}

TEST(SavedImage, EveryLengthButTheWholeIsRefused) {
    const std::string image = image_of("some memory, and more of it");
    for (std::size_t size = 0; size < image.size(); ++size) EXPECT_FALSE(read(image.substr(0, size))) << size;
    EXPECT_FALSE(read(image + '\0'));
}

TEST(SavedImage, EveryFlippedBitIsRefused) {
    const std::string image = image_of("some memory, and more of it");
    for (std::size_t i = 0; i < image.size() * 8; ++i) {
        std::string damaged = image;
        damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << (i % 8)));
        EXPECT_FALSE(read(damaged)) << "bit " << i;
    }
}

TEST(SavedImage, PartsThatChangePlacesAreRefused) {
    const std::string one(saved_part, '1'), two(saved_part, '2');
    const std::string image = image_of(one + two);
    std::string changed = image;
    changed.replace(changed.find(one), 2 * saved_part, two + one);
    EXPECT_THAT(read(changed).error().message, HasSubstr("the checksum of part 1 is wrong"));
    EXPECT_TRUE(read(image));
}

// A part lost from the middle: the lengths no longer fit, though the end is unharmed.
TEST(SavedImage, WhatIsLostInTheMiddleIsSeenAtOnce) {
    std::string image = image_of(std::string(3 * saved_part, 'x'));
    image.erase(saved_part, saved_part);
    EXPECT_THAT(open(image).error().message, HasSubstr("cut short"));
}

// An end that speaks of more than any file holds.
TEST(SavedImage, AnEndThatLiesIsRefused) {
    const std::string header = print_saved_header(some_header());
    for (const std::uint64_t size : {~std::uint64_t{0}, std::uint64_t{1} << 62, std::uint64_t{1} << 45})
        EXPECT_THAT(open(header + "stream" + print_saved_end(size, {})).error().message, HasSubstr("does not end"));
}

TEST(SavedImage, ErrorsSayWhatToDo) {
    EXPECT_THAT(read(std::string("Xen saved domain, xl format\n \0 \r and more", 41)).error().message,
                HasSubstr("xl restore"));
    EXPECT_THAT(read("something else").error().message, HasSubstr("no saved domain"));
    EXPECT_THAT(read("").error().message, HasSubstr("no saved domain"));
    std::string newer = image_of("");
    newer[20] = 3;
    EXPECT_THAT(read(newer).error().message, HasSubstr("format 3"));
    const std::string image = image_of("some memory");
    std::string damaged = image;
    const std::size_t at = damaged.find("some memory");
    damaged[at] ^= 1;
    EXPECT_THAT(read(damaged).error().message,
                HasSubstr("byte " + std::to_string(at) + ": the checksum of part 1 is wrong"));
    EXPECT_THAT(read(image.substr(0, image.size() - 5)).error().message, HasSubstr("cut short"));
}

} // namespace
} // namespace bulkhead::domain
