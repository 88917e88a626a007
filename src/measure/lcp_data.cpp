#include "measure/lcp_data.hpp"

#include "measure/byte_reader.hpp"

#include "base/text.hpp"

namespace bulkhead::measure {
namespace {

constexpr std::uint8_t most_lists = 8; // LCP_MAX_LISTS
constexpr std::size_t lcp_element_header = 4 + 4 + 4;
constexpr std::uint32_t algorithm_null = 0x10, algorithm_rsassa = 0x14, algorithm_rsapss = 0x16, algorithm_ecdsa = 0x18,
                        algorithm_sm2 = 0x1b;
constexpr std::uint16_t key_rsa = 0x01, key_ecc = 0x23;

namespace lcp_type {
enum : std::uint32_t { mle, pconf, sbios, custom, mle2 = 0x10, pconf2, sbios2, custom2, stm2 };
} // namespace lcp_type

// Big-endian, as in structures of a TPM.
Result<std::uint32_t> big(ByteReader& reader, std::size_t size, std::string_view field) {
    std::uint32_t value = 0;
    for (const char c : TRY(reader.take(size, field))) value = value << 8 | static_cast<std::uint8_t>(c);
    return value;
}

Result<std::size_t> size_of(std::uint32_t algorithm, std::size_t at) {
    const auto bank = bank_of(algorithm);
    if (!bank)
        return ByteReader::error(at, "hash algorithm " + std::to_string(algorithm) + " of an element is unknown");
    return digest_size(*bank);
}

Status read_hashes(ByteReader& reader, std::size_t size, LcpElement& element) {
    const std::uint16_t count = TRY(reader.u16("number of hashes"));
    for (unsigned i = 0; i < count; ++i) element.hashes.emplace_back(TRY(reader.take(size, "hash")));
    return {};
}

// TPM_PCR_INFO_SHORT of a TPM 1.2, big-endian.
Status read_pconf(ByteReader& reader, LcpElement& element) {
    const std::uint16_t count = TRY(reader.u16("number of PCR infos"));
    for (unsigned i = 0; i < count; ++i) {
        const std::uint32_t size = TRY(big(reader, 2, "size of a PCR selection"));
        element.selections.emplace_back(TRY(reader.take(size, "PCR selection")));
        TRY(reader.u8("locality"));
        element.hashes.emplace_back(TRY(reader.take(digest_size(Bank::sha1), "composite digest")));
    }
    return {};
}

// TPMS_QUOTE_INFO of a TPM 2.0, big-endian: TPML_PCR_SELECTION and TPM2B_DIGEST.
Status read_pconf2(ByteReader& reader, LcpElement& element) {
    const std::uint16_t count = TRY(reader.u16("number of PCR infos"));
    for (unsigned i = 0; i < count; ++i) {
        const std::size_t at = reader.offset();
        const std::uint32_t banks = TRY(big(reader, 4, "number of PCR selections"));
        if (banks != 1) return ByteReader::error(at, std::to_string(banks) + " PCR selections: the element has one");
        TRY(big(reader, 2, "hash algorithm of a PCR selection"));
        const std::uint8_t size = TRY(reader.u8("size of a PCR selection"));
        element.selections.emplace_back(TRY(reader.take(size, "PCR selection")));
        const std::uint32_t digest = TRY(big(reader, 2, "size of the PCR digest"));
        element.hashes.emplace_back(TRY(reader.take(digest, "PCR digest")));
    }
    return {};
}

Status read_content(ByteReader& reader, LcpElement& element) {
    switch (element.type) {
    case lcp_type::mle:
        element.sinit_min_version = TRY(reader.u8("SINITMinVersion"));
        TRY(reader.u8("hash algorithm")); // 0: SHA-1, the only one
        return read_hashes(reader, digest_size(Bank::sha1), element);
    case lcp_type::pconf:
        return read_pconf(reader, element);
    case lcp_type::sbios:
        TRY(reader.take(4, "hash algorithm"));
        element.fallback_hash = TRY(reader.take(digest_size(Bank::sha1), "fallback hash"));
        TRY(reader.u16("reserved"));
        return read_hashes(reader, digest_size(Bank::sha1), element);
    case lcp_type::custom:
    case lcp_type::custom2:
        element.uuid = TRY(reader.take(16, "UUID"));
        element.data = TRY(reader.take(reader.rest().size(), "data"));
        return {};
    case lcp_type::mle2:
    case lcp_type::pconf2:
    case lcp_type::sbios2:
    case lcp_type::stm2: {
        if (element.type == lcp_type::mle2) {
            element.sinit_min_version = TRY(reader.u8("SINITMinVersion"));
            TRY(reader.u8("reserved"));
        }
        const std::size_t at = reader.offset();
        element.hash_algorithm = TRY(reader.u16("hash algorithm"));
        if (element.type == lcp_type::pconf2) return read_pconf2(reader, element);
        const std::size_t size = TRY(size_of(*element.hash_algorithm, at));
        if (element.type == lcp_type::sbios2) {
            TRY(reader.u16("reserved"));
            element.fallback_hash = TRY(reader.take(size, "fallback hash"));
            TRY(reader.u16("reserved"));
        }
        return read_hashes(reader, size, element);
    }
    default:
        element.data = TRY(reader.take(reader.rest().size(), "data"));
        return {};
    }
}

Result<LcpElement> read_element(ByteReader& reader) {
    LcpElement element;
    element.offset = reader.offset();
    const std::uint32_t size = TRY(reader.u32("size of an element"));
    element.type = TRY(reader.u32("type of an element"));
    element.control = TRY(reader.u32("control of an element"));
    if (size < lcp_element_header)
        return ByteReader::error(element.offset,
                                 "an element of " + std::to_string(size) + " bytes: its header alone has 12");
    const std::size_t at = reader.offset();
    ByteReader inside(TRY(reader.take(size - lcp_element_header, lcp_element_name(element.type) + " element")), at);
    TRY(read_content(inside, element));
    if (!inside.empty())
        return ByteReader::error(inside.offset(), std::to_string(inside.rest().size()) +
                                                      " bytes behind the content of a " +
                                                      lcp_element_name(element.type) + " element");
    return element;
}

// Lists of version 1.0 and 2.x: revocation counter, size of the key, key, signature block.
Result<LcpSignature> read_signature(ByteReader& reader, std::uint32_t algorithm) {
    LcpSignature found;
    found.revocation_counter = TRY(reader.u16("revocation counter"));
    const std::uint16_t size = TRY(reader.u16("size of the public key"));
    if (algorithm == algorithm_ecdsa || algorithm == algorithm_sm2) {
        found.algorithm = algorithm == algorithm_ecdsa ? "ecdsa" : "sm2";
        found.key_bits = size * 8U;
        TRY(reader.u32("reserved"));
        found.x = TRY(reader.take(size, "public key"));
        found.y = TRY(reader.take(size, "public key"));
        found.signature = TRY(reader.take(2U * size, "signature"));
        return found;
    }
    found.algorithm = "rsa";
    found.key_bits = size * 8U;
    found.modulus = TRY(reader.take(size, "public key"));
    found.signature = TRY(reader.take(size, "signature"));
    return found;
}

// Lists of version 3.0: a structure with versions of its own and sizes in bits.
Result<LcpSignature> read_key_and_signature(ByteReader& reader) {
    constexpr std::uint8_t known = 0x10;
    LcpSignature found;
    const auto version = [&](const char* what) -> Status {
        const std::size_t at = reader.offset();
        const std::uint8_t value = TRY(reader.u8(what));
        if (value != known)
            return ByteReader::error(at, std::string(what) + " " + std::to_string(value) + ": 16 is known");
        return {};
    };
    TRY(version("version of the key and signature"));
    const std::size_t key_at = reader.offset();
    const std::uint16_t key = TRY(reader.u16("algorithm of the key"));
    if (key != key_rsa && key != key_ecc)
        return ByteReader::error(key_at,
                                 "key of algorithm " + std::to_string(key) + ": RSA (1) and ECC (35) are known");
    TRY(version("version of the key"));
    const std::size_t bits_at = reader.offset();
    found.key_bits = TRY(reader.u16("size of the key"));
    if (found.key_bits % 8 != 0)
        return ByteReader::error(bits_at, "a key of " + std::to_string(found.key_bits) + " bits");
    const std::uint32_t size = found.key_bits / 8;
    if (key == key_rsa) {
        TRY(reader.u32("exponent"));
        found.modulus = TRY(reader.take(size, "public key"));
    } else {
        found.x = TRY(reader.take(size, "public key"));
        found.y = TRY(reader.take(size, "public key"));
    }
    const std::size_t scheme_at = reader.offset();
    const std::uint16_t scheme = TRY(reader.u16("signature scheme"));
    const bool fits = key == key_rsa ? scheme == algorithm_rsassa || scheme == algorithm_rsapss
                                     : scheme == algorithm_ecdsa || scheme == algorithm_sm2;
    if (!fits)
        return ByteReader::error(scheme_at, "signature scheme " + std::to_string(scheme) + " does not go with the key");
    found.algorithm = scheme == algorithm_rsassa   ? "rsa"
                      : scheme == algorithm_rsapss ? "rsapss"
                      : scheme == algorithm_ecdsa  ? "ecdsa"
                                                   : "sm2";
    TRY(version("version of the signature"));
    const std::size_t size_at = reader.offset();
    if (TRY(reader.u16("size of the signature")) != found.key_bits)
        return ByteReader::error(size_at, "the signature's size is not the key's");
    TRY(reader.u16("hash algorithm of the signature"));
    found.signature = TRY(reader.take(key == key_rsa ? size : 2 * size, "signature"));
    return found;
}

Result<LcpList> read_list(ByteReader& reader) {
    const std::size_t at = reader.offset();
    const std::string_view from_here = reader.rest();
    LcpList list;
    list.version = TRY(reader.u16("version of a list"));
    const std::size_t second_at = reader.offset();
    const std::uint16_t second = TRY(reader.u16("signature of a list")); // 1.0: the algorithm in the upper byte
    std::uint32_t algorithm = second;
    switch (list.version) {
    case 0x0100:
        if (second != 0 && second != 0x0100)
            return ByteReader::error(second_at, "signature algorithm " + std::to_string(second >> 8) +
                                                    " of a list: 0 (none) and 1 (RSA) are known");
        algorithm = second == 0 ? algorithm_null : algorithm_rsassa;
        break;
    case 0x0200:
    case 0x0201:
        if (algorithm != algorithm_null && algorithm != algorithm_rsassa && algorithm != algorithm_ecdsa &&
            algorithm != algorithm_sm2)
            return ByteReader::error(second_at,
                                     "signature algorithm " + std::to_string(algorithm) +
                                         " of a list: 16 (none), 20 (RSA), 24 (ECDSA) and 27 (SM2) are known");
        break;
    case 0x0300:
        break;
    default:
        return ByteReader::error(at, "a list of version " + std::to_string(list.version >> 8) + "." +
                                         std::to_string(list.version & 0xff) + ": 1.0, 2.0, 2.1 and 3.0 are known");
    }
    const std::uint32_t size = TRY(reader.u32("size of the elements"));
    const std::size_t elements_at = reader.offset();
    ByteReader elements(TRY(reader.take(size, "elements of a list")), elements_at);
    while (!elements.empty()) list.elements.push_back(TRY(read_element(elements)));
    if (list.version == 0x0300 && second != 0) {
        LcpSignature found;
        const std::uint16_t counter = TRY(reader.u16("revocation counter"));
        if (reader.offset() - at != second)
            return ByteReader::error(second_at, "the key and signature at byte " + std::to_string(second) +
                                                    " of the list do not follow its elements");
        found = TRY(read_key_and_signature(reader));
        found.revocation_counter = counter;
        list.signature = std::move(found);
    } else if (list.version != 0x0300 && algorithm != algorithm_null) {
        list.signature = TRY(read_signature(reader, algorithm));
    }
    list.bytes = from_here.substr(0, reader.offset() - at);
    return list;
}

} // namespace

std::string lcp_element_name(std::uint32_t type) {
    constexpr const char* first[] = {"MLE", "PCONF", "SBIOS", "CUSTOM"};
    constexpr const char* second[] = {"MLE2", "PCONF2", "SBIOS2", "CUSTOM2", "STM2"};
    if (type < std::size(first)) return first[type];
    if (type >= lcp_type::mle2 && type - lcp_type::mle2 < std::size(second)) return second[type - lcp_type::mle2];
    std::string digits = "0x";
    for (int shift = 24; shift >= 0; shift -= 8) append_hex(digits, static_cast<std::uint8_t>(type >> shift & 0xff));
    return digits;
}

Result<LcpData> parse_lcp_data(std::string_view bytes) {
    ByteReader reader(bytes);
    if (TRY(reader.take(lcp_data_signature.size(), "file signature")) != lcp_data_signature)
        return ByteReader::error(0, "no policy data file: it does not begin with Intel(R) TXT LCP_POLICY_DATA");
    TRY(reader.take(3, "reserved"));
    const std::size_t count_at = reader.offset();
    const std::uint8_t count = TRY(reader.u8("number of lists"));
    if (count == 0 || count > most_lists)
        return ByteReader::error(count_at, std::to_string(count) + " lists: 1 to 8 are possible");
    LcpData data;
    for (unsigned i = 0; i < count; ++i) data.lists.push_back(TRY(read_list(reader)));
    if (!reader.empty())
        return ByteReader::error(reader.offset(), std::to_string(reader.rest().size()) + " bytes behind the last list");
    return data;
}

std::optional<std::string> lcp_policy_hash(const LcpData& data, Bank bank) {
    std::string hashes;
    for (const LcpList& list : data.lists) {
        if (list.signature && list.signature->modulus.empty()) return std::nullopt;
        hashes += hash(bank, list.signature ? std::string_view(list.signature->modulus) : list.bytes);
    }
    return hash(bank, hashes);
}

} // namespace bulkhead::measure
