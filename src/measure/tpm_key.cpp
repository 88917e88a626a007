#include "measure/tpm_key.hpp"

#include "base/text.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace bulkhead::measure {
namespace {

constexpr std::uint32_t default_exponent = 65537; // what an exponent of 0 means (Part 2, 12.2.3.5)

template <auto Function>
struct Call {
    template <typename T>
    void operator()(T* pointer) const {
        Function(pointer);
    }
};
using Number = std::unique_ptr<BIGNUM, Call<BN_free>>;
using Bio = std::unique_ptr<BIO, Call<BIO_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Call<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Call<EVP_MD_CTX_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Call<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Call<OSSL_PARAM_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Call<ECDSA_SIG_free>>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Number number_of(std::string_view big_endian) {
    return Number(BN_bin2bn(bytes_of(big_endian), static_cast<int>(big_endian.size()), nullptr));
}

const EVP_MD* digest_of(Bank bank) {
    if (bank == Bank::sha384) return EVP_sha384();
    return bank == Bank::sha512 ? EVP_sha512() : EVP_sha256();
}

Result<std::string> field(ByteReader& reader, std::size_t limit, const std::string& name) {
    const std::size_t place = reader.offset();
    const std::uint16_t size = TRY(reader.u16_big("the size of " + name));
    if (size > limit)
        return ByteReader::error(place,
                                 name + " of " + std::to_string(size) + " bytes: at most " + std::to_string(limit));
    return std::string(TRY(reader.take(size, name)));
}

constexpr std::uint16_t alg_null = 0x10;

// TPMT_SYM_DEF_OBJECT, of which a signing key has none (Part 2, 12.2.3.5).
Status skip_symmetric(ByteReader& reader) {
    if (TRY(reader.u16_big("the symmetric algorithm")) != alg_null) TRY(reader.take(4, "the symmetric key's size"));
    return {};
}

// TPMT_RSA_SCHEME or TPMT_ECC_SCHEME: RSAES has no hash, ECDAA a counter besides.
Status skip_scheme(ByteReader& reader) {
    const std::uint16_t scheme = TRY(reader.u16_big("the scheme"));
    if (scheme == alg_null || scheme == 0x15) return {};
    TRY(reader.u16_big("the scheme's hash"));
    if (scheme == 0x1a) TRY(reader.u16_big("the scheme's count"));
    return {};
}

Status read_rsa(ByteReader& reader, TpmPublic& key) {
    TRY(skip_symmetric(reader));
    TRY(skip_scheme(reader));
    TRY(reader.u16_big("the key's bits"));
    key.exponent = TRY(reader.u32_big("the exponent"));
    if (key.exponent == 0) key.exponent = default_exponent;
    key.modulus = TRY(field(reader, 512, "the modulus"));
    return {};
}

Status read_ecc(ByteReader& reader, TpmPublic& key) {
    TRY(skip_symmetric(reader));
    TRY(skip_scheme(reader));
    key.curve = TRY(reader.u16_big("the curve"));
    if (TRY(reader.u16_big("the key derivation")) != alg_null) TRY(reader.u16_big("the key derivation's hash"));
    key.x = TRY(field(reader, 66, "x"));
    key.y = TRY(field(reader, 66, "y"));
    return {};
}

std::string padded(const std::string& number, std::size_t size) {
    return std::string(size - std::min(size, number.size()), '\0') + number;
}

Result<Params> rsa_params(const TpmPublic& key, Number& modulus, ParamBuilder& builder) {
    modulus = number_of(key.modulus);
    if (!modulus || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
        OSSL_PARAM_BLD_push_uint(builder.get(), OSSL_PKEY_PARAM_RSA_E, key.exponent) != 1)
        return fail("OpenSSL takes no such RSA key");
    return Params(OSSL_PARAM_BLD_to_param(builder.get()));
}

Result<Params> ecc_params(const TpmPublic& key, std::string& point, ParamBuilder& builder) {
    if (key.curve != 3 && key.curve != 4)
        return fail("an ECC key on curve " + std::to_string(key.curve) + ": only P-256 (3) and P-384 (4) are verified");
    const std::size_t size = key.curve == 3 ? 32 : 48;
    if (key.x.size() > size || key.y.size() > size) return fail("the ECC key's point is larger than its curve");
    point = "\x04" + padded(key.x, size) + padded(key.y, size); // uncompressed (SEC 1, 2.3.3)
    const char* curve = key.curve == 3 ? "prime256v1" : "secp384r1";
    if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
        return fail("OpenSSL takes no such ECC key");
    return Params(OSSL_PARAM_BLD_to_param(builder.get()));
}

// ECDSA's two numbers as DER, which OpenSSL verifies.
Result<std::string> der_of(const TpmSignature& signature) {
    const EcdsaSignature pair(ECDSA_SIG_new());
    Number r = number_of(signature.r), s = number_of(signature.s);
    if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return fail("no memory");
    static_cast<void>(r.release()); // now the pair's
    static_cast<void>(s.release());
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(pair.get(), &der);
    if (size <= 0) return fail("the signature's numbers cannot be encoded");
    std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return bytes;
}

bool is_rsa(const EVP_PKEY* key) {
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
}

std::string group_of(const EVP_PKEY* key) {
    char group[64] = {};
    EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, nullptr);
    return group;
}

} // namespace

Result<TpmPublic> parse_tpm_public(std::string_view bytes) {
    ByteReader outer(bytes);
    const std::uint16_t size = TRY(outer.u16_big("the size of TPM2B_PUBLIC"));
    if (size != outer.rest().size())
        return ByteReader::error(0, "a TPM2B_PUBLIC of " + std::to_string(size) + " bytes, " +
                                        std::to_string(outer.rest().size()) + " follow");
    ByteReader reader(outer.rest(), 2);
    TpmPublic key;
    const std::uint16_t type = TRY(reader.u16_big("the type"));
    if (type != static_cast<std::uint16_t>(TpmPublic::Type::rsa) &&
        type != static_cast<std::uint16_t>(TpmPublic::Type::ecc))
        return ByteReader::error(2, "an object of type " + std::to_string(type) +
                                        ": an RSA (1) or ECC (35) key is needed");
    key.type = static_cast<TpmPublic::Type>(type);
    const auto name_algorithm = bank_of(TRY(reader.u16_big("the name's algorithm")));
    if (!name_algorithm) return ByteReader::error(4, "the name's algorithm cannot be computed");
    key.name_algorithm = *name_algorithm;
    key.attributes = TRY(reader.u32_big("the attributes"));
    key.auth_policy = TRY(field(reader, 64, "the policy"));
    TRY(key.type == TpmPublic::Type::rsa ? read_rsa(reader, key) : read_ecc(reader, key));
    if (!reader.empty())
        return ByteReader::error(reader.offset(), std::to_string(reader.rest().size()) + " bytes behind the key");
    put_u16_big(key.name, static_cast<std::uint16_t>(key.name_algorithm));
    key.name += hash(key.name_algorithm, bytes.substr(2));
    return key;
}

void TpmKey::Free::operator()(evp_pkey_st* key) const {
    EVP_PKEY_free(key);
}

Result<TpmKey> TpmKey::checked(Handle key) {
    const int bits = EVP_PKEY_get_bits(key.get());
    const std::string group = is_rsa(key.get()) ? "" : group_of(key.get());
    if (is_rsa(key.get()) ? bits < 2048 || bits > 4096 : group != "prime256v1" && group != "secp384r1")
        return fail("the key is neither RSA of 2048 to 4096 bits nor ECC on P-256 or P-384");
    return TpmKey(std::move(key));
}

Result<TpmKey> TpmKey::from_public(const TpmPublic& key) {
    constexpr std::uint32_t needed = object_attribute::fixed_tpm | object_attribute::sensitive_data_origin |
                                     object_attribute::restricted | object_attribute::sign;
    if ((key.attributes & needed) != needed || (key.attributes & object_attribute::decrypt) != 0)
        return fail("the key is no attestation key (fixedTPM, sensitiveDataOrigin, restricted, sign, not decrypt): "
                    "it would sign a forged quote as well");
    ParamBuilder builder(OSSL_PARAM_BLD_new());
    const bool rsa = key.type == TpmPublic::Type::rsa;
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, rsa ? "RSA" : "EC", nullptr));
    if (!builder || !context) return fail("OpenSSL has no memory for a key");
    Number modulus;
    std::string point;
    const Params params = rsa ? TRY(rsa_params(key, modulus, builder)) : TRY(ecc_params(key, point, builder));
    EVP_PKEY* made = nullptr;
    if (!params || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
        return fail("the numbers in the key are no valid public key");
    return checked(Handle(made));
}

Result<TpmKey> TpmKey::parse(std::string_view bytes) {
    if (bytes.size() > tpm_file_limit)
        return fail("a public key of " + std::to_string(bytes.size()) + " bytes: at most " +
                    std::to_string(tpm_file_limit));
    if (!trim(bytes).starts_with("-----BEGIN")) return from_public(TRY(parse_tpm_public(bytes)));
    const Bio file(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
    Handle key(file ? PEM_read_bio_PUBKEY(file.get(), nullptr, nullptr, nullptr) : nullptr);
    if (!key) return fail("no public key in PEM (BEGIN PUBLIC KEY)");
    return checked(std::move(key));
}

Status TpmKey::verify(const TpmSignature& signature, std::string_view message) const {
    using Scheme = TpmSignature::Scheme;
    if (is_rsa(key_.get()) == (signature.scheme == Scheme::ecdsa))
        return fail("the signature's scheme does not fit the key (" + description() + ")");
    const std::string bytes = signature.scheme == Scheme::ecdsa ? TRY(der_of(signature)) : signature.rsa;
    const DigestContext context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* details = nullptr; // the context's
    bool ready =
        context && EVP_DigestVerifyInit(context.get(), &details, digest_of(signature.hash), nullptr, key_.get()) == 1;
    if (signature.scheme == Scheme::rsassa)
        ready = ready && EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PADDING) == 1;
    if (signature.scheme == Scheme::rsapss) // TPMs differ in the length of the salt: the hash's, or all that fits
        ready = ready && EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_AUTO) == 1;
    if (!ready) return fail("OpenSSL cannot verify this signature");
    if (EVP_DigestVerify(context.get(), bytes_of(bytes), bytes.size(), bytes_of(message), message.size()) != 1)
        return fail("the signature is not this key's (" + description() + ") over this quote");
    return {};
}

std::string TpmKey::description() const {
    if (is_rsa(key_.get())) return "RSA " + std::to_string(EVP_PKEY_get_bits(key_.get()));
    return group_of(key_.get()) == "prime256v1" ? "ECC P-256" : "ECC P-384";
}

std::string TpmKey::fingerprint() const {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &der);
    if (size <= 0) return {};
    std::string digest = hash(Bank::sha256, {reinterpret_cast<char*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    return digest;
}

} // namespace bulkhead::measure
