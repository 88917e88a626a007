// tboot's verified launch policy (VL policy): which module goes into which PCR. Pure.
// Source: tboot's include/tb_policy.h and tboot/common/policy.c; docs/measure.md.
#pragma once

#include "base/result.hpp"
#include "measure/hash.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure {

struct TbootPolicyEntry {
    static constexpr std::uint8_t any_module = 129;
    static constexpr std::uint8_t no_pcr = 255;
    std::uint8_t module = 0;
    std::uint8_t pcr = no_pcr;
    std::uint8_t hash_type = 0; // 0 any image, 1 one of `hashes`
    std::uint32_t nv_index = 0;
    std::vector<std::string> hashes;
    bool operator==(const TbootPolicyEntry&) const = default;
};

struct TbootPolicy {
    std::uint8_t version = 2;
    std::uint8_t type = 0;           // 0 continue on non-fatal errors, 1 continue, 2 halt
    std::uint8_t hash_algorithm = 0; // TPM_ALG_ID; 0 was SHA-1 before tboot 1.8
    std::uint32_t control = 1;       // bit 0: extend PCR 17 with the policy itself
    std::vector<TbootPolicyEntry> entries;

    // The first entry for the module, or for any.
    [[nodiscard]] const TbootPolicyEntry* find(std::size_t module) const;
};

Result<TbootPolicy> parse_tboot_policy(std::string_view bytes);
std::string tboot_policy_bytes(const TbootPolicy& policy);

// The policies that tboot carries for a machine without one in its TPM.
enum class DefaultPolicy {
    tpm20,        // TPM 2.0, tboot 1.9.12 and later: modules to PCR 17, SHA-256
    tpm20_before, // TPM 2.0, tboot 1.8 to 1.9.11: the same with SHA-1 named as algorithm
    tpm12,        // TPM 1.2, tboot 1.10.0 and later: modules to PCR 19, SHA-1
    legacy,       // legacy PCR mapping with SHA-256
    year2013,     // two entries, algorithm 0
};
TbootPolicy default_tboot_policy(DefaultPolicy which);

// What tboot extends first: H_bank(control || H_current(policy)), with zeros for the policy's hash
// when bit 0 of control is clear. `current` is
// tboot's own algorithm: SHA-256 unless extpol says otherwise, SHA-1 on TPM 1.2.
std::string tboot_policy_digest(Bank bank, Bank current, const TbootPolicy& policy);

// A module's: H(H(command line) || H(image)).
std::string tboot_module_digest(Bank bank, std::string_view command_line, std::string_view image_digest);

// The command line that tboot before 1.9.4 hashed: without the first word and the blanks around it.
std::string without_first_word(std::string_view command_line);

} // namespace bulkhead::measure
