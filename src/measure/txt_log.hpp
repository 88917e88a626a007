// The logs that SINIT and tboot write into the TXT heap. See event_log.hpp.
// HASH_START needs care: GETSEC[SENTER] on a TPM 1.2 logs the value that PCR 17 has afterwards, SINIT on TPM 2.0 logs
// what is extended, and some logs in the TPM 2.0 format do as the former. The event data decides where there is any.
#pragma once

#include "base/result.hpp"
#include "measure/event_list.hpp"

#include <string_view>

namespace bulkhead::measure {

bool is_txt_container(std::string_view bytes);
// event_log_container_t: "TXT Event Container\0", 12 reserved, versions of container and events (major and minor, one
// byte each), u32 size, u32 offset of the first record, u32 offset behind the last one; SHA-1 records.
Result<EventList> parse_txt_container(std::string_view bytes);

// A log of one bank. Other banks than SHA-1 begin with a SHA-1 record that extends nothing and holds the 28-byte
// TCG_LOG_DESCRIPTOR {signature[16], u32 revision, u32 digest id, u32 digest size}. In a file saved with its heap
// descriptor {u16 algorithm, u16 0, u64 address, u32 size, u32 first, u32 next} the offsets count from behind that.
bool is_txt_bank_log(std::string_view bytes);
Result<EventList> parse_txt_bank_log(std::string_view bytes);

// Whether HASH_START's digest is already PCR 17's value; `certain` is false when the data does not tell.
struct HashStart {
    Effect effect = Effect::extend;
    bool certain = false;
};
HashStart hash_start_effect(Bank bank, std::string_view digest, std::string_view data);

} // namespace bulkhead::measure
