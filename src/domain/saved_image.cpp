#include "domain/saved_image.hpp"

#include "base/json.hpp"
#include "base/record.hpp"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#define XXH_INLINE_ALL // no library at run time
#include <xxhash.h>

namespace bulkhead::domain {
namespace {

using nlohmann::json;

// A text file cannot begin like this, and a transfer that changes line ends damages it, which is seen at once.
constexpr std::string_view magic("Bulkhead domain\0\r\n\x1a\0", 20);
constexpr std::uint32_t version = 2;
constexpr std::size_t start_size = magic.size() + 2 * sizeof(std::uint32_t);
constexpr std::size_t header_max = 2 << 20;
constexpr std::size_t end_size = 2 * sizeof(std::uint64_t);   // behind the checksums
constexpr std::uint64_t stream_max = std::uint64_t{16} << 40; // the memory that a domain may have on x86

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

// `place` keeps what is checked from changing places unseen.
std::uint64_t checksum(std::string_view bytes, std::uint64_t place) {
    return XXH64(bytes.data(), bytes.size(), place);
}

constexpr std::uint64_t header_place = 0, end_place = ~std::uint64_t{0};

std::uint64_t parts_of(std::uint64_t stream) {
    return (stream + saved_part - 1) / saved_part;
}

Result<SavedHeader> parse_header(std::string_view text) {
    json object;
    TRY(parse_json_object(text, header_max, object));
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

Result<std::string> read_bytes(const SavedSource& source, std::uint64_t at, std::size_t size) {
    std::string bytes(size, '\0');
    const std::size_t got = TRY(source(at, bytes.data(), size));
    if (got < size) return fail("the file ends at byte " + std::to_string(at + got) + ": it was cut short");
    return bytes;
}

// The size of the header behind the first bytes of the file.
Result<std::uint32_t> read_start(const SavedSource& source) {
    std::string bytes(start_size, '\0');
    bytes.resize(TRY(source(0, bytes.data(), bytes.size())));
    if (bytes.starts_with("Xen saved domain, xl format"))
        return fail("this domain was saved by xl; restore it with: xl restore");
    if (bytes.empty() || bytes.substr(0, magic.size()) != magic.substr(0, bytes.size()))
        return fail("this is no saved domain");
    if (bytes.size() < start_size)
        return fail("the file ends at byte " + std::to_string(bytes.size()) + ": it was cut short");
    const auto format = get<std::uint32_t>(bytes, magic.size());
    if (format != version)
        return fail("saved in format " + std::to_string(format) + ", and this bulkheadd knows " +
                    std::to_string(version) + "; restore it with the version that saved it");
    const auto size = get<std::uint32_t>(bytes, magic.size() + sizeof version);
    if (size > header_max) return fail("byte 24: damaged: a header of " + std::to_string(size) + " bytes");
    return size;
}

} // namespace

std::string print_saved_header(const SavedHeader& header) {
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
    put(bytes, checksum(text, header_place));
    return bytes;
}

std::uint64_t saved_part_sum(std::string_view part, std::uint64_t number) {
    return checksum(part, number + 1);
}

std::string print_saved_end(std::uint64_t size, const std::vector<std::uint64_t>& sums) {
    std::string bytes;
    bytes.reserve(sums.size() * sizeof(std::uint64_t) + end_size);
    for (const std::uint64_t sum : sums) put(bytes, sum);
    put(bytes, size);
    put(bytes, checksum(bytes, end_place));
    return bytes;
}

Status SavedImage::check_part(std::uint64_t number, std::string_view part) const {
    if (saved_part_sum(part, number) == sums[number]) return {};
    return fail("byte " + std::to_string(stream_at + number * saved_part) + ": the checksum of part " +
                std::to_string(number + 1) + " is wrong: the file is damaged");
}

Result<SavedImage> read_saved_image(const SavedSource& source, std::uint64_t file_size) {
    SavedImage image;
    const std::size_t header_size = TRY(read_start(source));
    const std::string header = TRY(read_bytes(source, start_size, header_size + sizeof(std::uint64_t)));
    const std::string_view text = std::string_view(header).substr(0, header_size);
    if (get<std::uint64_t>(header, header_size) != checksum(text, header_place))
        return fail("byte 28: the header is damaged");
    image.header = TRY(context(parse_header(text), "byte 28: the header"));
    image.stream_at = start_size + header.size();

    const std::string lost = "the file has " + std::to_string(file_size) +
                             " bytes and does not end as a saved domain does: it was cut short or written over";
    if (file_size < image.stream_at + end_size) return fail(lost);
    const std::uint64_t body = file_size - image.stream_at - end_size; // the stream and its checksums
    const auto stream = get<std::uint64_t>(TRY(read_bytes(source, file_size - end_size, end_size)), 0);
    if (stream > std::min(body, stream_max) || stream + parts_of(stream) * sizeof(std::uint64_t) != body)
        return fail(lost);
    image.stream_size = stream;
    const std::string end = TRY(read_bytes(source, image.stream_at + stream, file_size - image.stream_at - stream));
    const std::size_t checked = end.size() - sizeof(std::uint64_t);
    if (get<std::uint64_t>(end, checked) != checksum(std::string_view(end).substr(0, checked), end_place))
        return fail(lost);
    for (std::size_t at = 0; at < end.size() - end_size; at += sizeof(std::uint64_t))
        image.sums.push_back(get<std::uint64_t>(end, at));
    return image;
}

} // namespace bulkhead::domain
