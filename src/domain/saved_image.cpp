#include "domain/saved_image.hpp"

#include "base/json.hpp"
#include "base/record.hpp"
#include "base/text.hpp"

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#define XXH_INLINE_ALL // no library at run time
#include <xxhash.h>

namespace bulkhead::domain {
namespace {

using nlohmann::json;

// A text file cannot begin like this, and a transfer that changes line ends damages it, which is seen at once.
constexpr std::string_view magic("Bulkhead domain\0\r\n\x1a\0", 20);
constexpr std::uint32_t version = 1;

// Numbers are little-endian, as every machine that runs Xen on x86.
template <typename T>
void put(std::string& bytes, T value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    bytes.append(raw, sizeof raw);
}

template <typename T>
T get(std::string_view bytes, std::size_t at) {
    return record<T>(bytes, at).value(); // callers pass whole records
}

// `place` keeps frames from changing places unseen.
std::uint64_t checksum(std::string_view bytes, std::uint64_t place) {
    return XXH64(bytes.data(), bytes.size(), place);
}

constexpr std::uint64_t end_place = ~std::uint64_t{0};

Result<SavedHeader> parse(std::string_view text) {
    json object;
    TRY(parse_json_object(text, SavedReader::header_max, object));
    SavedHeader header;
    try {
        header.name = object.at("name").get<std::string>();
        header.uuid = object.at("uuid").get<std::string>();
        header.config = object.at("config").get<std::string>();
        header.source = object.at("source").get<std::string>();
        header.directory = object.at("directory").get<std::string>();
        header.xen = object.at("xen").get<std::string>();
        header.saved_ms = object.at("saved_ms").get<std::int64_t>();
        header.memory_kib = object.at("memory_kib").get<std::uint64_t>();
    } catch (const json::exception& error) {
        return fail(error.what());
    }
    return header;
}

} // namespace

std::string SavedWriter::header(const SavedHeader& header) {
    const std::string text = json_line({{"name", header.name},
                                        {"uuid", header.uuid},
                                        {"config", header.config},
                                        {"source", header.source},
                                        {"directory", header.directory},
                                        {"xen", header.xen},
                                        {"saved_ms", header.saved_ms},
                                        {"memory_kib", header.memory_kib}});
    std::string bytes(magic);
    put(bytes, version);
    put(bytes, static_cast<std::uint32_t>(text.size()));
    bytes += text;
    put(bytes, checksum(text, 0));
    return bytes;
}

std::string SavedWriter::frame(std::string_view bytes) {
    std::string head;
    put(head, static_cast<std::uint32_t>(bytes.size()));
    put(head, checksum(bytes, ++frames_));
    bytes_ += bytes.size();
    return head;
}

std::string SavedWriter::end() const {
    std::string counts;
    put(counts, frames_);
    put(counts, bytes_);
    std::string bytes;
    put(bytes, std::uint32_t{0});
    bytes += counts;
    put(bytes, checksum(counts, end_place));
    return bytes;
}

Result<std::string_view> SavedReader::take(std::size_t size, const char* what) {
    if (buffer_.size() < size) buffer_.resize(size);
    const std::size_t got = TRY(source_(buffer_.data(), size));
    if (got < size)
        return fail("the file ends at byte " + std::to_string(at_ + got) + ", in " + what + ": it was cut short");
    at_ += size;
    return std::string_view(buffer_).substr(0, size);
}

Result<SavedHeader> SavedReader::header() {
    std::array<char, 28> start{};
    const std::size_t got = TRY(source_(start.data(), start.size()));
    const std::string_view bytes(start.data(), got);
    constexpr std::string_view xl = "Xen saved domain, xl format";
    if (bytes.starts_with(xl)) return fail("this domain was saved by xl; restore it with: xl restore");
    if (!bytes.starts_with(magic.substr(0, std::min(got, magic.size()))) || got == 0)
        return fail("this is no saved domain");
    if (got < start.size()) return fail("the file ends at byte " + std::to_string(got) + ": it was cut short");
    at_ = got;
    const auto format = get<std::uint32_t>(bytes, magic.size());
    if (format != version)
        return fail("saved in format " + std::to_string(format) + ", and this bulkheadd knows " +
                    std::to_string(version) + "; restore it with the version that saved it");
    const auto size = get<std::uint32_t>(bytes, magic.size() + sizeof version);
    if (size > header_max) return fail("byte 24: damaged: a header of " + std::to_string(size) + " bytes");
    const std::string_view all = TRY(take(size + sizeof(std::uint64_t), "its header"));
    const std::string_view text = all.substr(0, size);
    if (get<std::uint64_t>(all, size) != checksum(text, 0)) return fail("byte 28: the header is damaged");
    header_size_ = at_;
    return context(parse(text), "byte 28: the header");
}

Status SavedReader::check_end(std::string_view last, std::uint64_t file_size) const {
    const std::string lost = "the file has " + std::to_string(file_size) +
                             " bytes and does not end as a saved domain does: it was cut short or written over";
    if (last.size() != end_size || file_size < header_size_ + end_size) return fail(lost);
    if (get<std::uint32_t>(last, 0) != 0 || get<std::uint64_t>(last, 20) != checksum(last.substr(4, 16), end_place))
        return fail(lost);
    const auto frames = get<std::uint64_t>(last, 4);
    const auto bytes = get<std::uint64_t>(last, 12);
    constexpr std::uint64_t head = sizeof(std::uint32_t) + sizeof(std::uint64_t);
    const std::uint64_t body = file_size - header_size_ - end_size;
    if (bytes > body || frames > body / head || bytes + frames * head != body)
        return fail("the file has " + std::to_string(file_size) + " bytes, and its end speaks of " +
                    std::to_string(bytes) + " in " + std::to_string(frames) + " frames: something is missing");
    return {};
}

Result<std::string_view> SavedReader::next() {
    const std::uint64_t start = at_;
    const std::string place = "byte " + std::to_string(start) + ": ";
    const auto size = get<std::uint32_t>(TRY(take(sizeof(std::uint32_t), "a frame")), 0);
    if (size == 0) {
        const std::string_view rest = TRY(take(end_size - sizeof size, "its end"));
        if (get<std::uint64_t>(rest, 16) != checksum(rest.substr(0, 16), end_place) ||
            get<std::uint64_t>(rest, 0) != frames_ || get<std::uint64_t>(rest, 8) != bytes_)
            return fail(place + "the end does not fit what was read: the file is damaged");
        return std::string_view();
    }
    if (size > SavedWriter::frame_max)
        return fail(place + "a frame of " + std::to_string(size) + " bytes: the file is damaged");
    const std::string_view all = TRY(take(sizeof(std::uint64_t) + size, "a frame"));
    const std::string_view bytes = all.substr(sizeof(std::uint64_t));
    if (get<std::uint64_t>(all, 0) != checksum(bytes, ++frames_))
        return fail(place + "the checksum of frame " + std::to_string(frames_) + " is wrong: the file is damaged");
    bytes_ += size;
    return bytes;
}

} // namespace bulkhead::domain
