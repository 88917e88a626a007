#include "measure/tpm_quote.hpp"

#include "base/text.hpp"

namespace bulkhead::measure {
namespace {

constexpr std::uint32_t generated_value = 0xff544347; // TPM_GENERATED_VALUE (Part 2, 6.2)
constexpr std::uint16_t attest_quote = 0x8018;        // TPM_ST_ATTEST_QUOTE (6.9)
constexpr std::size_t digest_limit = 64;              // bytes of the largest hash
constexpr std::size_t integer_limit = 512;            // bytes of RSA with 4096 bits

Result<std::string> sized(ByteReader& reader, std::size_t limit, const std::string& field) {
    const std::size_t place = reader.offset();
    const std::uint16_t size = TRY(reader.u16_big("the size of " + field));
    if (size > limit)
        return ByteReader::error(place,
                                 field + " of " + std::to_string(size) + " bytes: at most " + std::to_string(limit));
    return std::string(TRY(reader.take(size, field)));
}

Status at_end(const ByteReader& reader, const char* what) {
    if (reader.empty()) return {};
    return ByteReader::error(reader.offset(), std::to_string(reader.rest().size()) + " bytes behind the " + what);
}

} // namespace

Result<Quote> parse_quote(std::string_view bytes) {
    ByteReader reader(bytes);
    if (TRY(reader.u32_big("TPM_GENERATED_VALUE")) != generated_value)
        return ByteReader::error(0, "no structure that a TPM made (it begins with ff544347)");
    const std::uint16_t type = TRY(reader.u16_big("the type"));
    if (type != attest_quote)
        return ByteReader::error(4, "an attestation of type " + std::to_string(type) + ", no quote (32792)");
    Quote quote;
    quote.qualified_signer = TRY(sized(reader, digest_limit + 2, "the signer's name"));
    quote.nonce = TRY(sized(reader, digest_limit + 2, "the nonce"));
    quote.clock = TRY(reader.u64_big("the clock"));
    quote.reset_count = TRY(reader.u32_big("the reset count"));
    quote.restart_count = TRY(reader.u32_big("the restart count"));
    const std::size_t place = reader.offset();
    const std::uint8_t safe = TRY(reader.u8("the clock's safe flag"));
    if (safe > 1) return ByteReader::error(place, "the clock's safe flag is neither 0 nor 1");
    quote.clock_safe = safe == 1;
    quote.firmware_version = TRY(reader.u64_big("the firmware version"));
    quote.selection = TRY(read_pcr_selection(reader));
    quote.pcr_digest = TRY(sized(reader, digest_limit, "the PCR digest"));
    TRY(at_end(reader, "quote"));
    return quote;
}

Result<TpmSignature> parse_tpm_signature(std::string_view bytes) {
    using Scheme = TpmSignature::Scheme;
    ByteReader reader(bytes);
    TpmSignature signature;
    const std::uint16_t scheme = TRY(reader.u16_big("the signature scheme"));
    signature.scheme = static_cast<Scheme>(scheme);
    if (signature.scheme != Scheme::rsassa && signature.scheme != Scheme::rsapss && signature.scheme != Scheme::ecdsa)
        return ByteReader::error(0, "signature scheme " + std::to_string(scheme) +
                                        ": only RSASSA, RSAPSS and ECDSA are verified");
    const std::uint16_t algorithm = TRY(reader.u16_big("the signature's hash"));
    if (algorithm != static_cast<std::uint16_t>(Bank::sha256) &&
        algorithm != static_cast<std::uint16_t>(Bank::sha384) && algorithm != static_cast<std::uint16_t>(Bank::sha512))
        return ByteReader::error(2, "the signature's hash is algorithm " + std::to_string(algorithm) +
                                        ": only SHA-256, SHA-384 and SHA-512 are trusted");
    signature.hash = static_cast<Bank>(algorithm);
    if (signature.scheme == Scheme::ecdsa) {
        signature.r = TRY(sized(reader, digest_limit + 2, "r"));
        signature.s = TRY(sized(reader, digest_limit + 2, "s"));
    } else {
        signature.rsa = TRY(sized(reader, integer_limit, "the signature"));
    }
    TRY(at_end(reader, "signature"));
    return signature;
}

} // namespace bulkhead::measure
