#include "measure/tpm_policy.hpp"

namespace bulkhead::measure {
namespace {

constexpr std::uint32_t cc_policy_or = 0x171; // TPM_CC (Part 2, table 12)
constexpr std::uint32_t cc_policy_pcr = 0x17f;

std::string fresh_policy(Bank hash, std::uint32_t command) {
    std::string bytes(digest_size(hash), '\0');
    put_u32_big(bytes, command);
    return bytes;
}

} // namespace

std::string policy_pcr(Bank hash_algorithm, const PcrSelection& selection, const PcrValues& values) {
    return hash(hash_algorithm, fresh_policy(hash_algorithm, cc_policy_pcr) + pcr_selection_bytes(selection) +
                                    pcr_digest(hash_algorithm, selection, values));
}

Result<std::string> policy_or(Bank hash_algorithm, const std::vector<std::string>& branches) {
    if (branches.size() < 2 || branches.size() > policy_or_limit)
        return fail("PolicyOR over " + std::to_string(branches.size()) + " states: a TPM takes 2 to " +
                    std::to_string(policy_or_limit));
    std::string bytes = fresh_policy(hash_algorithm, cc_policy_or);
    for (const std::string& branch : branches) {
        if (branch.size() != digest_size(hash_algorithm)) return fail("a branch of PolicyOR has the wrong size");
        bytes += branch;
    }
    return hash(hash_algorithm, bytes);
}

} // namespace bulkhead::measure
