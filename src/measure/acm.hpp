// Intel's authenticated code modules (SINIT, BIOS ACM): header, what GETSEC[SENTER] hashes of one, capabilities. Pure.
// Source: Intel TXT Software Development Guide (315168), appendix A; tboot's include/txt/acmod.h.
#pragma once

#include "base/result.hpp"
#include "measure/hash.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::measure {

// The chipset ACM information table at the beginning of the user area.
struct AcmInfo {
    std::uint8_t type = 0; // 0 BIOS, 1 SINIT, 8 and 9 revocation
    std::uint8_t version = 0;
    std::uint32_t os_sinit_data_version = 0; // the highest that the module understands
    std::uint32_t minimal_mle_header_version = 0;
    std::uint32_t capabilities = 0; // acm_capability
    std::uint8_t acm_version = 0;
};

namespace acm_capability {
inline constexpr std::uint32_t rlp_wake_getsec = 1U << 0;
inline constexpr std::uint32_t rlp_wake_monitor = 1U << 1;
inline constexpr std::uint32_t no_legacy_pcr_map = 1U << 4;
inline constexpr std::uint32_t details_authorities_pcr_map = 1U << 5;
inline constexpr std::uint32_t tcg_event_log = 1U << 9;
inline constexpr std::uint32_t cbnt = 1U << 10;
} // namespace acm_capability

struct Acm {
    std::uint16_t subtype = 0;
    std::uint32_t header_version = 0;
    std::uint16_t chipset_id = 0;
    std::uint16_t flags = 0; // bit 14 pre-production, bit 15 debug signed
    std::uint32_t vendor = 0;
    std::uint32_t date = 0;         // BCD: 0x20171229
    std::uint32_t size = 0;         // bytes, of the module; the file may be longer
    std::uint32_t header_size = 0;  // bytes
    std::uint32_t key_size = 0;     // bytes
    std::uint32_t scratch_size = 0; // bytes
    std::uint16_t txt_svn = 0;
    std::uint16_t se_svn = 0;
    std::string modulus; // RSA, as stored
    std::optional<AcmInfo> info;
};

// Errors name the byte: not a chipset module, sizes that contradict each other or the file, a key of unknown size.
Result<Acm> parse_acm(std::string_view bytes);

// H(module without public key, exponent, signature and scratch area). The bytes are those that parse_acm() took.
std::string acm_hash(Bank bank, const Acm& acm, std::string_view bytes);

// The value of the register TXT.PUBLIC.KEY: SHA-256 of the modulus.
std::string acm_key_hash(const Acm& acm);

} // namespace bulkhead::measure
