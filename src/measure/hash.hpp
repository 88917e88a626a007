// The hash banks of a TPM and what they do to a PCR. Digests come from OpenSSL's EVP interface. Pure.
// OpenSSL fails only without memory or with a provider configured away; std::runtime_error then, as for lost memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure {

// TPM_ALG_ID (TPM 2.0 Library, Part 2, table 9).
enum class Bank : std::uint16_t { sha1 = 0x0004, sha256 = 0x000b, sha384 = 0x000c, sha512 = 0x000d, sm3_256 = 0x0012 };
inline constexpr std::array all_banks = {Bank::sha1, Bank::sha256, Bank::sha384, Bank::sha512, Bank::sm3_256};

std::string_view bank_name(Bank bank); // as tpm2-tools writes it: "sha256"
std::optional<Bank> parse_bank(std::string_view name);
std::optional<Bank> bank_of(std::uint32_t algorithm); // nullopt: an algorithm that we cannot compute
std::size_t digest_size(Bank bank);                   // bytes

using Digests = std::map<Bank, std::string>; // raw bytes, digest_size() of them

// One pass over data of any length for several banks.
class Hasher {
public:
    explicit Hasher(std::span<const Bank> banks);
    Hasher(Hasher&&) noexcept;
    Hasher& operator=(Hasher&&) noexcept;
    ~Hasher();

    void update(std::string_view bytes);
    Digests finish(); // once, after the last update()

private:
    struct Context;
    std::vector<Context> contexts_;
};

std::string hash(Bank bank, std::string_view bytes);
Digests hash(std::span<const Bank> banks, std::string_view bytes);

// TPM2_PCR_Extend: H(pcr || digest).
std::string extend(Bank bank, std::string_view pcr, std::string_view digest);

} // namespace bulkhead::measure
