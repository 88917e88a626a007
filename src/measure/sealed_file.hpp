// The files that hold what a TPM sealed and what its attestation key is, as JSON; and why a secret does not open, in
// words. docs/sealing.md describes the formats. Pure.
#pragma once

#include "base/result.hpp"
#include "measure/event_list.hpp"
#include "measure/pcr_selection.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure {

inline constexpr std::size_t sealed_file_limit = 32 << 20; // bytes

// Storage keys by TCG's templates, of the owner hierarchy.
enum class ParentTemplate { ecc_p256, rsa2048 };
std::string_view parent_template_name(ParentTemplate form); // "ecc-p256"
std::optional<ParentTemplate> parse_parent_template(std::string_view name);

// An object outside its TPM: only under the parent of that name can it be loaded.
struct TpmBlob {
    ParentTemplate parent = ParentTemplate::ecc_p256;
    std::string parent_name;  // TPM2B_NAME's bytes
    std::string public_area;  // TPM2B_PUBLIC
    std::string private_area; // TPM2B_PRIVATE, encrypted by the parent
};

// A state of the machine that opens the secret.
struct SealedState {
    std::string name;              // for people: where it came from
    PcrValues values;              // exactly the selected ones
    std::optional<EventList> list; // what leads there, the selected PCRs' events only
};

struct SealedFile {
    TpmBlob blob;
    PcrSelection selection;
    std::vector<SealedState> states; // 1 to 8
};

// The state that `list` leads to; only the events of selected PCRs are kept.
Result<SealedState> state_of(std::string name, const EventList& list, const PcrSelection& selection);

// PolicyPCR of every state, SHA-256; and the object's policy: the only branch, or PolicyOR over them.
std::vector<std::string> policy_branches(const SealedFile& file);
Result<std::string> sealed_policy(const SealedFile& file);

std::optional<std::size_t> matching_state(const SealedFile& file, const PcrValues& present);

// For each state what differs from it: the event, where the state has a list and `log` (what this boot measured) leads
// to `present`; else the PCR and its values. `present` holds what is selected.
std::string explain(const SealedFile& file, const PcrValues& present, const EventList* log);

// Nothing in the file is secret without its TPM, and nothing in it decides: the policy is in the object.
std::string sealed_file_json(const SealedFile& file);
Result<SealedFile> parse_sealed_file(std::string_view text);

// An attestation key.
std::string key_file_json(const TpmBlob& key);
Result<TpmBlob> parse_key_file(std::string_view text);

} // namespace bulkhead::measure
