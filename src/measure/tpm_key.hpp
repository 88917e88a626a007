// The public half of an attestation key, and what it says of a signature. Pure.
#pragma once

#include "base/result.hpp"
#include "measure/tpm_quote.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace bulkhead::measure {

// TPMT_PUBLIC (TPM 2.0 Library, Part 2, 12.2.4) of an RSA or ECC key.
struct TpmPublic {
    enum class Type : std::uint16_t { rsa = 0x01, ecc = 0x23 };
    Type type = Type::rsa;
    Bank name_algorithm = Bank::sha256;
    std::uint32_t attributes = 0; // TPMA_OBJECT
    std::string auth_policy;
    std::string modulus; // of rsa, big-endian
    std::uint32_t exponent = 0;
    std::uint16_t curve = 0; // of ecc: TPM_ECC_CURVE, 3 (P-256) or 4 (P-384)
    std::string x, y;
    std::string name; // TPM2B_NAME's bytes: the algorithm and the digest of TPMT_PUBLIC
};
namespace object_attribute { // Part 2, table 31
inline constexpr std::uint32_t fixed_tpm = 1 << 1;
inline constexpr std::uint32_t sensitive_data_origin = 1 << 5;
inline constexpr std::uint32_t restricted = 1 << 16;
inline constexpr std::uint32_t decrypt = 1 << 17;
inline constexpr std::uint32_t sign = 1 << 18;
} // namespace object_attribute

// TPM2B_PUBLIC: the file of `tpm2_createak -u` and `tpm2_readpublic -o`.
Result<TpmPublic> parse_tpm_public(std::string_view bytes);

// RSA of 2048 to 4096 bits, or ECC on P-256 or P-384.
class TpmKey {
public:
    // PEM (SubjectPublicKeyInfo) or TPM2B_PUBLIC. The latter must be a restricted signing key that never leaves its
    // TPM: any other would sign a forged quote just as well. PEM cannot tell; whoever enrols the key answers for it.
    static Result<TpmKey> parse(std::string_view bytes);

    // An error says that the signature is not this key's over `message`.
    [[nodiscard]] Status verify(const TpmSignature& signature, std::string_view message) const;

    // "RSA 2048", "ECC P-256".
    [[nodiscard]] std::string description() const;
    // SHA-256 of the DER form, to tell keys apart.
    [[nodiscard]] std::string fingerprint() const;

private:
    struct Free {
        void operator()(evp_pkey_st* key) const;
    };
    using Handle = std::unique_ptr<evp_pkey_st, Free>;
    explicit TpmKey(Handle key) : key_(std::move(key)) {}
    static Result<TpmKey> checked(Handle key);
    static Result<TpmKey> from_public(const TpmPublic& key);

    Handle key_;
};

} // namespace bulkhead::measure
