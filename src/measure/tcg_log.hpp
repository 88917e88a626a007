// The two formats of the TCG: SHA-1 records, and crypto-agile records behind a Spec ID Event03. See event_log.hpp.
#pragma once

#include "base/result.hpp"
#include "measure/byte_reader.hpp"
#include "measure/event_list.hpp"

#include <string_view>

namespace bulkhead::measure {

Result<EventList> parse_tcg_log(std::string_view bytes);

// One record {u32 pcr, u32 type, digest, u32 size, data}: TCG 1.2, and TXT with another digest.
Result<Event> read_record(ByteReader& reader, Bank bank);

// Fills `effect` and, for what the log says of its own start, the list; refuses a PCR that a TPM does not have.
Status classify(EventList& list, Event& event);

} // namespace bulkhead::measure
