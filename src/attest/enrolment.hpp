// Which machines there are, what each is expected to have measured, and what it then gets. docs/attestation.md has the
// file's format.
#pragma once

#include "attest/message.hpp"
#include "base/result.hpp"
#include "measure/event_list.hpp"
#include "measure/pcr_selection.hpp"
#include "measure/tpm_key.hpp"
#include "tpm/secret.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::attest {

struct Machine {
    measure::TpmKey key;
    measure::PcrSelection selection;
    std::vector<measure::EventList> expected; // one of them must be met
    tpm::Secret secret;
};
using Machines = std::map<std::string, Machine, std::less<>>;

// Paths in the file are relative to its folder. Everything is read and checked now: a list that lacks a selected PCR, a
// key that is no attestation key, is an error here.
Result<Machines> read_machines(const std::string& path);

// nullopt: the machine is in order. Else why not, in words. `qualifying` is what the quote must answer. Pure.
std::optional<std::string> refusal(const Machine& machine, std::string_view qualifying, const Evidence& evidence);

} // namespace bulkhead::attest
