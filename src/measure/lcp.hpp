// Intel's launch control policy, as it is written into the TPM: LCP_POLICY (versions 2.x, TPM 1.2) and LCP_POLICY2
// (versions 3.x, TPM 2.0). Pure. Source: Intel TXT Software Development Guide, appendix D; tboot's include/lcp3.h.
#pragma once

#include "base/result.hpp"
#include "measure/hash.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::measure {

struct LcpPolicy {
    std::uint16_t version = 0; // 0x0302: 3.2
    Bank hash_algorithm = Bank::sha1;
    enum class Type : std::uint8_t { list = 0, any = 1 } type = Type::any;
    std::uint8_t sinit_min_version = 0;
    std::array<std::uint16_t, 8> revocation_counters{};
    std::uint32_t control = 0; // PolicyControl of the PCR formulas
    std::uint8_t max_sinit_min_version = 0;
    std::uint16_t hash_mask = 0;      // 3.x
    std::uint32_t signature_mask = 0; // 3.x
    std::string policy_hash;          // of the policy data file; of no meaning for Type::any
};

// The structure and nothing behind it. Errors name the byte.
Result<LcpPolicy> parse_lcp_policy(std::string_view bytes);

} // namespace bulkhead::measure
