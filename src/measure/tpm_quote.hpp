// What a TPM signs when it quotes its PCRs, and the signature. Pure, bounded by the structures' own limits; an error
// names the byte offset. TPM 2.0 Library, Part 2; the files are those of `tpm2_quote -m` and `-s`.
#pragma once

#include "base/result.hpp"
#include "measure/pcr_selection.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::measure {

inline constexpr std::size_t tpm_file_limit = 16 << 10; // bytes of a quote, a signature or a public key

// TPMS_ATTEST (10.12.8) of type TPM_ST_ATTEST_QUOTE.
struct Quote {
    std::string qualified_signer; // TPM2B_NAME of the key
    std::string nonce;            // extraData: what the asker gave, at most 64 bytes
    std::uint64_t clock = 0;      // milliseconds that the TPM has been powered
    std::uint32_t reset_count = 0;
    std::uint32_t restart_count = 0;
    bool clock_safe = false;
    std::uint64_t firmware_version = 0;
    PcrSelection selection;
    std::string pcr_digest;
};
Result<Quote> parse_quote(std::string_view bytes);

// TPMT_SIGNATURE (11.3.4) with SHA-256, SHA-384 or SHA-512; other schemes and hashes are refused.
struct TpmSignature {
    enum class Scheme : std::uint16_t { rsassa = 0x14, rsapss = 0x16, ecdsa = 0x18 };
    Scheme scheme = Scheme::rsassa;
    Bank hash = Bank::sha256;
    std::string rsa;  // of rsassa and rsapss
    std::string r, s; // of ecdsa, big-endian
};
Result<TpmSignature> parse_tpm_signature(std::string_view bytes);

} // namespace bulkhead::measure
