// Files that several verbs of `measure` take.
#pragma once

#include "base/result.hpp"
#include "measure/event_list.hpp"
#include "measure/pcr_selection.hpp"

#include <string>

namespace bulkhead::cli {

// An event log, or an event list in JSON.
Result<measure::EventList> read_list_file(const std::string& path);

// The selected PCRs that a file tells of: a log, a list, or the values themselves as `tpm2_pcrread -o` writes them
// (known by their size).
Result<measure::PcrValues> read_pcr_state(const std::string& path, const measure::PcrSelection& selection);

} // namespace bulkhead::cli
