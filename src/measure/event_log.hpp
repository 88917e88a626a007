// Event logs as firmware, SINIT and boot loaders write them, into an EventList. Pure and bounded by the bytes given;
// an error names the byte offset. Formats that parse_event_log() tells apart:
//   - TCG 1.2 (SHA-1 only): TCG PC Client Implementation Specification for Conventional BIOS 1.21, 11.3
//   - crypto-agile, first record "Spec ID Event03": TCG PC Client Platform Firmware Profile 1.05, 10.2
//   - "TXT Event Container" of TPM 1.2: Intel TXT Software Development Guide, appendix C and F
//   - TXT TPM 2.0 log of one bank, with or without the 24-byte descriptor of HEAP_EVENT_LOG_POINTER_ELEMENT2 before it
// The numbers of events count from 0 as they stand in the log, the Spec ID record included (as tpm2_eventlog counts).
#pragma once

#include "base/result.hpp"
#include "measure/event_list.hpp"

#include <string_view>

namespace bulkhead::measure {

inline constexpr std::size_t event_log_limit = 64 << 20; // bytes; firmware gives a few hundred KiB

// Zeros or all-ones behind the last record (the ACPI buffer's padding) end the log. Errors: a record that does not fit,
// an algorithm that we cannot compute, a digest or algorithm list that contradicts the log's own header, a PCR that a
// TPM does not have.
Result<EventList> parse_event_log(std::string_view bytes);

} // namespace bulkhead::measure
