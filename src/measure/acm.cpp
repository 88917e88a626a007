#include "measure/acm.hpp"

#include "measure/byte_reader.hpp"

namespace bulkhead::measure {
namespace {

constexpr std::size_t fixed_header = 128; // up to the public key
constexpr std::string_view info_uuid("\xaa\x3a\xc0\x7f\xa7\x46\xdb\x18\x2e\xac\x69\x8f\x8d\x41\x7f\x5a", 16);

Result<std::optional<AcmInfo>> read_info(std::string_view bytes, std::size_t at) {
    ByteReader reader(bytes.substr(at), at);
    if (!reader.rest().starts_with(info_uuid)) return std::nullopt;
    AcmInfo info;
    TRY(reader.take(info_uuid.size(), "information table"));
    info.type = TRY(reader.u8("module type"));
    info.version = TRY(reader.u8("table version"));
    TRY(reader.u16("table length"));
    TRY(reader.u32("chipset list"));
    info.os_sinit_data_version = TRY(reader.u32("OsSinitData version"));
    info.minimal_mle_header_version = TRY(reader.u32("MLE header version"));
    info.capabilities = TRY(reader.u32("capabilities"));
    info.acm_version = TRY(reader.u8("ACM version"));
    return info;
}

} // namespace

Result<Acm> parse_acm(std::string_view bytes) {
    ByteReader reader(bytes);
    Acm acm;
    const std::uint16_t type = TRY(reader.u16("module type"));
    if (type != 2) return ByteReader::error(0, "module type " + std::to_string(type) + ": a chipset ACM has 2");
    acm.subtype = TRY(reader.u16("module subtype"));
    const std::uint64_t header = std::uint64_t{TRY(reader.u32("header length"))} * 4;
    acm.header_version = TRY(reader.u32("header version"));
    acm.chipset_id = TRY(reader.u16("chipset"));
    acm.flags = TRY(reader.u16("flags"));
    acm.vendor = TRY(reader.u32("vendor"));
    acm.date = TRY(reader.u32("date"));
    const std::uint64_t size = std::uint64_t{TRY(reader.u32("module size"))} * 4;
    acm.txt_svn = TRY(reader.u16("TXT security version"));
    acm.se_svn = TRY(reader.u16("SGX security version"));
    TRY(reader.take(120 - reader.offset(), "header"));
    const std::uint64_t key = std::uint64_t{TRY(reader.u32("key size"))} * 4;
    const std::uint64_t scratch = std::uint64_t{TRY(reader.u32("scratch size"))} * 4;
    if (key != 256 && key != 384)
        return ByteReader::error(120, "a key of " + std::to_string(key) + " bytes: RSA-2048 has 256, RSA-3072 384");
    if (size > bytes.size())
        return ByteReader::error(24, "a module of " + std::to_string(size) + " bytes in a file of " +
                                         std::to_string(bytes.size()));
    if (header < fixed_header + key || header + scratch > size)
        return ByteReader::error(4, "a header of " + std::to_string(header) + " bytes and a scratch area of " +
                                        std::to_string(scratch) + " do not fit a module of " + std::to_string(size));
    acm.size = static_cast<std::uint32_t>(size);
    acm.header_size = static_cast<std::uint32_t>(header);
    acm.key_size = static_cast<std::uint32_t>(key);
    acm.scratch_size = static_cast<std::uint32_t>(scratch);
    acm.modulus = bytes.substr(fixed_header, key);
    acm.info = TRY(read_info(bytes.substr(0, size), header + scratch));
    return acm;
}

std::string acm_hash(Bank bank, const Acm& acm, std::string_view bytes) {
    Hasher hasher(std::span(&bank, 1));
    hasher.update(bytes.substr(0, fixed_header));
    const std::size_t user_area = acm.header_size + acm.scratch_size;
    hasher.update(bytes.substr(user_area, acm.size - user_area));
    return hasher.finish().at(bank);
}

std::string acm_key_hash(const Acm& acm) {
    return hash(Bank::sha256, acm.modulus);
}

} // namespace bulkhead::measure
