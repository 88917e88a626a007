#include "measure/authenticode.hpp"

#include "measure/byte_reader.hpp"

#include <algorithm>
#include <vector>

namespace bulkhead::measure {
namespace {

constexpr std::size_t coff_size = 20;
constexpr std::size_t section_header = 40;
constexpr std::size_t certificate_directory = 4; // IMAGE_DIRECTORY_ENTRY_SECURITY

struct Section {
    std::size_t offset;
    std::size_t size;
};

} // namespace

Result<Digests> authenticode(std::span<const Bank> banks, std::string_view image) {
    const auto need = [&](std::size_t at, std::size_t size, const char* what) -> Status {
        if (at > image.size() || size > image.size() - at)
            return ByteReader::error(at, std::string(what) + " lies outside the image");
        return {};
    };
    TRY(need(0, 64, "the DOS header"));
    if (!image.starts_with("MZ")) return ByteReader::error(0, "no PE image: it does not begin with MZ");
    const std::size_t pe = u32_at(image, 60);
    TRY(need(pe, 4 + coff_size, "the PE header"));
    if (image.substr(pe, 4) != std::string_view("PE\0\0", 4)) return ByteReader::error(pe, "no PE signature");
    const std::size_t sections = u16_at(image, pe + 6);
    const std::size_t optional_size = u16_at(image, pe + 20);
    const std::size_t optional = pe + 4 + coff_size;
    TRY(need(optional, std::max<std::size_t>(optional_size, 2), "the optional header"));
    const std::uint16_t magic = u16_at(image, optional);
    if (magic != 0x10b && magic != 0x20b) return ByteReader::error(optional, "neither PE32 nor PE32+");
    const std::size_t directories = optional + (magic == 0x20b ? 112 : 96);
    if (optional_size < directories - optional) return ByteReader::error(optional, "the optional header is too short");
    const std::size_t headers = u32_at(image, optional + 60);
    const std::size_t table = optional + optional_size;
    TRY(need(table, sections * section_header, "the section table"));
    TRY(need(0, headers, "what the headers span"));
    if (headers < table) return ByteReader::error(optional + 60, "the headers end before the section table");

    std::size_t certificates = 0;
    std::size_t certificates_size = 0;
    Hasher hasher(banks);
    hasher.update(image.substr(0, optional + 64)); // up to CheckSum
    const std::size_t behind_checksum = optional + 68;
    const std::size_t entry = directories + certificate_directory * 8;
    if (u32_at(image, directories - 4) > certificate_directory && entry + 8 <= table) {
        certificates = u32_at(image, entry);
        certificates_size = u32_at(image, entry + 4);
        hasher.update(image.substr(behind_checksum, entry - behind_checksum));
        hasher.update(image.substr(entry + 8, headers - entry - 8));
    } else {
        hasher.update(image.substr(behind_checksum, headers - behind_checksum));
    }
    if (certificates_size != 0) TRY(need(certificates, certificates_size, "the certificate table"));

    std::vector<Section> parts;
    for (std::size_t i = 0; i < sections; ++i) {
        const std::size_t at = table + i * section_header;
        const Section part{u32_at(image, at + 20), u32_at(image, at + 16)};
        if (part.size == 0) continue;
        TRY(need(part.offset, part.size, "a section"));
        parts.push_back(part);
    }
    std::stable_sort(parts.begin(), parts.end(),
                     [](const Section& a, const Section& b) { return a.offset < b.offset; });
    std::size_t hashed = headers;
    for (const Section& part : parts) {
        hasher.update(image.substr(part.offset, part.size));
        hashed += part.size;
    }
    // What stands behind the sections, without the certificates, which are last.
    if (image.size() > hashed + certificates_size)
        hasher.update(image.substr(hashed, image.size() - certificates_size - hashed));
    return hasher.finish();
}

} // namespace bulkhead::measure
