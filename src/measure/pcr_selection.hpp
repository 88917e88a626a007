// Which PCRs of which banks: what a quote covers and what a policy speaks of. Pure.
#pragma once

#include "base/result.hpp"
#include "measure/byte_reader.hpp"
#include "measure/event_list.hpp"
#include "measure/replay.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure {

struct BankPcrs {
    Bank bank = Bank::sha256;
    std::set<std::uint32_t> pcrs; // 0 to 23
    friend bool operator==(const BankPcrs&, const BankPcrs&) = default;
};

// The order of banks matters: values are hashed in it.
using PcrSelection = std::vector<BankPcrs>;

inline constexpr std::size_t selection_limit = 16; // TPML_PCR_SELECTION's count (TPM2_NUM_PCR_BANKS of tpm2-tss)

// "sha256:0,1,2" or "sha1:4+sha256:8,9", as tpm2-tools write it. A bank twice, no PCR at all, is an error.
Result<PcrSelection> parse_pcr_selection(std::string_view text);
std::string to_text(const PcrSelection& selection);

// TPML_PCR_SELECTION (TPM 2.0 Library, Part 2, 10.9.7), three octets of bits for each bank. Reading takes one to four
// octets; a bank that we cannot compute and a PCR above 23 are errors.
std::string pcr_selection_bytes(const PcrSelection& selection);
Result<PcrSelection> read_pcr_selection(ByteReader& reader);

std::set<std::uint32_t> pcrs_of(const PcrSelection& selection);

// What the list leaves in the selected PCRs, those included that no event touched. An error when the list has no such
// bank or, being a prediction, does not speak of such a PCR.
Result<PcrValues> selected_values(const EventList& list, const PcrSelection& selection);

// The values one behind the other in the selection's order: what a TPM hashes into a quote or a policy. `values` holds
// all that is selected.
std::string concatenated(const PcrSelection& selection, const PcrValues& values);
std::string pcr_digest(Bank hash, const PcrSelection& selection, const PcrValues& values);

// The reverse: the file of `tpm2_pcrread -o` and `tpm2_quote -F values -o`.
std::size_t concatenated_size(const PcrSelection& selection);
Result<PcrValues> split_values(const PcrSelection& selection, std::string_view bytes);

} // namespace bulkhead::measure
