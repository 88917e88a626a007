// A saved domain's file from a stranger: bounded memory, no crash, and what is written can be read.
#include "domain/saved_image.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

using namespace bulkhead;
using domain::SavedReader;
using domain::SavedWriter;

namespace {

void check(bool holds) {
    if (!holds) std::abort();
}

SavedReader::Source source_of(std::string_view& bytes) {
    return [&bytes](char* buffer, std::size_t size) -> Result<std::size_t> {
        const std::size_t part = std::min(size, bytes.size());
        if (part > 0) std::memcpy(buffer, bytes.data(), part);
        bytes.remove_prefix(part);
        return part;
    };
}

void read(std::string_view bytes) {
    const std::string_view last = bytes.substr(bytes.size() - std::min(bytes.size(), SavedReader::end_size));
    const std::size_t size = bytes.size();
    SavedReader reader(source_of(bytes));
    if (!reader.header()) return;
    const bool whole = reader.check_end(last, size).has_value();
    for (;;) {
        const auto part = reader.next();
        if (!part) return;
        if (part->empty()) break;
    }
    check(whole == bytes.empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    read(bytes);
    // The same bytes as a stream, behind a good header: the frames' parser is reached.
    const std::string header = SavedWriter::header({"n", "u", "c", "s", "d", "x", 1, 1});
    read(header + std::string(bytes));
    if (size == 0) return 0;
    SavedWriter writer;
    std::string image = header + writer.frame(bytes.substr(0, SavedWriter::frame_max));
    image += bytes.substr(0, SavedWriter::frame_max);
    image += writer.end();
    std::string_view rest = image;
    SavedReader reader(source_of(rest));
    check(reader.header().has_value());
    const auto part = reader.next();
    check(part && *part == bytes.substr(0, SavedWriter::frame_max));
    const auto end = reader.next();
    check(end && end->empty() && rest.empty());
    return 0;
}
