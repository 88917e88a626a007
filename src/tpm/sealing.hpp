// Secrets that a TPM gives back only in certain states of the PCRs. docs/sealing.md has the file's format.
#pragma once

#include "measure/sealed_file.hpp"
#include "tpm/connection.hpp"
#include "tpm/secret.hpp"

#include <vector>

namespace bulkhead::tpm {

inline constexpr std::size_t sealed_limit = 128; // bytes that a sealed object holds (MAX_SYM_DATA)

// 1 to 8 states; any of them opens it.
Result<measure::SealedFile> seal(Connection& connection, const Secret& secret, const measure::PcrSelection& selection,
                                 std::vector<measure::SealedState> states, measure::ParentTemplate form);

// `log`: what this boot measured, for the words of a refusal; nullptr: unknown. A refusal names for every state the PCR
// that differs, and the event when both lists are known.
Result<Secret> unseal(Connection& connection, const measure::SealedFile& file, const measure::EventList* log);

// The same secret for the present state, which must open it, and for `next`; states that are neither go away.
Result<measure::SealedFile> seal_forward(Connection& connection, const measure::SealedFile& file,
                                         std::vector<measure::SealedState> next, const measure::EventList* log);

} // namespace bulkhead::tpm
