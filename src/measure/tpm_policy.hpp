// Policy digests of a TPM 2.0, computed without one. Pure.
#pragma once

#include "base/result.hpp"
#include "measure/pcr_selection.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure {

inline constexpr std::size_t policy_or_limit = 8; // digests of one TPM2_PolicyOR (TPM 2.0 Library, Part 2, 10.9.3)

// The policy digest of a session that began with zeros and executed TPM2_PolicyPCR (Part 3, 23.7):
// H(0... || TPM_CC_PolicyPCR || TPML_PCR_SELECTION || H(values)), all with the session's `hash`.
std::string policy_pcr(Bank hash, const PcrSelection& selection, const PcrValues& values);

// TPM2_PolicyOR (Part 3, 23.6): H(0... || TPM_CC_PolicyOR || branches). 2 to 8 branches of digest_size(hash) bytes.
Result<std::string> policy_or(Bank hash, const std::vector<std::string>& branches);

} // namespace bulkhead::measure
