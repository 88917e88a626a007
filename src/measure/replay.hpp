// What an event list leaves in the PCRs. Pure.
#pragma once

#include "measure/event_list.hpp"

#include <map>
#include <string>

namespace bulkhead::measure {

// Only PCRs that an event touched.
using PcrValues = std::map<Bank, std::map<std::uint32_t, std::string>>;

// What a PCR holds that no event touched.
std::string initial_pcr(const EventList& list, std::uint32_t pcr, Bank bank);

PcrValues replay(const EventList& list);

// "pcrs:" as tpm2_eventlog (tpm2-tools 5.4) prints it: per bank "  sha256:", then "    N  : 0x...".
std::string pcrs_yaml(const PcrValues& values);

} // namespace bulkhead::measure
