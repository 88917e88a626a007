#include "measure/hash.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <openssl/evp.h>
#include <stdexcept>

namespace bulkhead::measure {
namespace {

struct Row {
    Bank bank;
    std::string_view name;
    std::size_t size;
    const EVP_MD* (*algorithm)();
};
constexpr Row rows[] = {
    {Bank::sha1, "sha1", 20, EVP_sha1},       {Bank::sha256, "sha256", 32, EVP_sha256},
    {Bank::sha384, "sha384", 48, EVP_sha384}, {Bank::sha512, "sha512", 64, EVP_sha512},
    {Bank::sm3_256, "sm3_256", 32, EVP_sm3},
};

const Row& row(Bank bank) {
    return *std::find_if(std::begin(rows), std::end(rows), [bank](const Row& each) { return each.bank == bank; });
}

void require(int success) {
    if (success != 1) throw std::runtime_error("OpenSSL cannot compute a digest");
}

} // namespace

struct Hasher::Context {
    Bank bank;
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> state;
};

std::string_view bank_name(Bank bank) {
    return row(bank).name;
}

std::optional<Bank> parse_bank(std::string_view name) {
    for (const Row& each : rows) {
        if (each.name == name) return each.bank;
    }
    return std::nullopt;
}

std::optional<Bank> bank_of(std::uint32_t algorithm) {
    for (const Row& each : rows) {
        if (static_cast<std::uint32_t>(each.bank) == algorithm) return each.bank;
    }
    return std::nullopt;
}

std::size_t digest_size(Bank bank) {
    return row(bank).size;
}

Hasher::Hasher(std::span<const Bank> banks) {
    for (const Bank bank : banks) {
        Context context{bank, {EVP_MD_CTX_new(), EVP_MD_CTX_free}};
        require(context.state ? EVP_DigestInit_ex(context.state.get(), row(bank).algorithm(), nullptr) : 0);
        contexts_.push_back(std::move(context));
    }
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(std::string_view bytes) {
    for (Context& context : contexts_) require(EVP_DigestUpdate(context.state.get(), bytes.data(), bytes.size()));
}

Digests Hasher::finish() {
    Digests digests;
    for (Context& context : contexts_) {
        std::string digest(digest_size(context.bank), '\0');
        require(EVP_DigestFinal_ex(context.state.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr));
        digests[context.bank] = std::move(digest);
    }
    return digests;
}

std::string hash(Bank bank, std::string_view bytes) {
    std::string digest(digest_size(bank), '\0');
    require(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
                       row(bank).algorithm(), nullptr));
    return digest;
}

Digests hash(std::span<const Bank> banks, std::string_view bytes) {
    Digests digests;
    for (const Bank bank : banks) digests[bank] = hash(bank, bytes);
    return digests;
}

std::string extend(Bank bank, std::string_view pcr, std::string_view digest) {
    return hash(bank, std::string(pcr).append(digest));
}

} // namespace bulkhead::measure
