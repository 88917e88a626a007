// An event list as JSON: what `bulkhead measure events --json` and `predict --json` print and `diff` reads again.
// docs/measure.md describes the format. Pure.
#pragma once

#include "base/result.hpp"
#include "measure/event_list.hpp"

#include <string>
#include <string_view>

namespace bulkhead::measure {

std::string event_list_json(const EventList& list); // indented, with a line end

// Unknown keys are ignored; a digest of the wrong size, an unknown bank, a PCR that a TPM does not have is an error
// that names the event.
Result<EventList> parse_event_list_json(std::string_view text);

// Either of the two: JSON begins with '{', which no event log does.
Result<EventList> read_event_list(std::string_view bytes);

} // namespace bulkhead::measure
