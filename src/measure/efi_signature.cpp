#include "measure/efi_signature.hpp"

#include "measure/byte_reader.hpp"

#include "base/text.hpp"

namespace bulkhead::measure::efi {
namespace {

constexpr std::size_t guid_size = 16;
constexpr std::size_t list_header = guid_size + 4 + 4 + 4;

// The first three fields of a GUID are little-endian in memory and big-endian in text.
constexpr int text_order[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

std::string guid(std::string_view text) {
    std::string digits(text);
    std::erase(digits, '-');
    const std::string in_text_order = from_hex(digits).value_or(std::string(guid_size, '\0'));
    std::string bytes(guid_size, '\0');
    for (std::size_t i = 0; i < guid_size; ++i) bytes[static_cast<std::size_t>(text_order[i])] = in_text_order[i];
    return bytes;
}

} // namespace

const std::string global_variable = guid("8be4df61-93ca-11d2-aa0d-00e098032b8c");
const std::string image_security_database = guid("d719b2cb-3d3a-4596-a3bc-dad00e67656f");
const std::string shim_lock = guid("605dab50-e046-4300-abb6-3dd810dd8b23");
const std::string certificate_x509 = guid("a5c059a1-94e4-4aa7-87b5-ab155c2bf072");
const std::string certificate_sha256 = guid("c1c41626-504c-4092-aca9-41f936934328");

std::string guid_text(std::string_view guid) {
    std::string text;
    for (std::size_t i = 0; i < guid_size; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        append_hex(text, static_cast<std::uint8_t>(guid[static_cast<std::size_t>(text_order[i])]));
    }
    return text;
}

std::string variable_data(std::string_view guid, std::string_view name, std::string_view data) {
    std::string bytes(guid);
    put_u64(bytes, name.size());
    put_u64(bytes, data.size());
    for (const char c : name) put_u16(bytes, static_cast<std::uint8_t>(c));
    return bytes.append(data);
}

Result<std::vector<Signature>> parse_signature_lists(std::string_view bytes) {
    std::vector<Signature> all;
    ByteReader reader(bytes);
    while (!reader.empty()) {
        const std::size_t at = reader.offset();
        const std::string_view type = TRY(reader.take(guid_size, "type of a signature list"));
        const std::uint32_t list_size = TRY(reader.u32("size of the signature list"));
        const std::uint32_t header_size = TRY(reader.u32("size of its header"));
        const std::uint32_t size = TRY(reader.u32("size of a signature"));
        if (list_size < list_header || header_size > list_size - list_header)
            return ByteReader::error(at + guid_size, "a signature list of " + std::to_string(list_size) +
                                                         " bytes with a header of " + std::to_string(header_size));
        TRY(reader.take(header_size, "header of the signature list"));
        const std::size_t left = list_size - list_header - header_size;
        if (size <= guid_size || left % size != 0)
            return ByteReader::error(at + guid_size + 8, "signatures of " + std::to_string(size) + " bytes in " +
                                                             std::to_string(left) + " bytes of a list");
        for (std::size_t i = 0; i < left / size; ++i) {
            const std::string_view owner = TRY(reader.take(guid_size, "owner of a signature"));
            const std::string_view data = TRY(reader.take(size - guid_size, "signature"));
            all.push_back({std::string(type), std::string(owner), std::string(data)});
        }
    }
    return all;
}

std::string signature_list(const Signature& signature) {
    std::string bytes = signature.type;
    const std::size_t size = guid_size + signature.data.size();
    put_u32(bytes, static_cast<std::uint32_t>(list_header + size));
    put_u32(bytes, 0);
    put_u32(bytes, static_cast<std::uint32_t>(size));
    return bytes + signature.owner + signature.data;
}

} // namespace bulkhead::measure::efi
