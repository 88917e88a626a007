// A saved domain's file from a stranger: bounded memory, no crash, and what is written can be read.
#include "check.hpp"
#include "domain/saved_image.hpp"

#include <algorithm>
#include <cstdint>

using namespace bulkhead;
using namespace bulkhead::domain;

namespace {

Result<SavedImage> open(std::string_view bytes) {
    const auto source = [bytes](std::uint64_t at, char* buffer, std::size_t size) -> Result<std::size_t> {
        const std::string_view part = at < bytes.size() ? bytes.substr(at, size) : std::string_view();
        std::copy(part.begin(), part.end(), buffer);
        return part.size();
    };
    Result<SavedImage> image = read_saved_image(source, bytes.size());
    if (image) check(image->stream_at + image->stream_size + image->sums.size() * 8 + 16 == bytes.size());
    return image;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    (void)open(bytes);
    // The same bytes behind a good header: the end's parser is reached.
    const std::string header = print_saved_header({"n", "u", "c", "s", "d", "x", 1, 1});
    (void)open(header + std::string(bytes));

    const std::string_view part = bytes.substr(0, saved_part);
    std::vector<std::uint64_t> sums;
    if (!part.empty()) sums.push_back(saved_part_sum(part, 0));
    const auto image = open(header + std::string(part) + print_saved_end(part.size(), sums));
    check(image && image->header.name == "n" && image->stream_size == part.size());
    check(part.empty() || image->check_part(0, part).has_value());
    return 0;
}
