// The one model of everything that was or will be measured: a list of events. A log yields it, a prediction yields it,
// replay folds it into PCR values and diff aligns two of them. Pure.
#pragma once

#include "measure/hash.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure {

inline constexpr std::uint32_t pcr_count = 24; // PCRs of a PC client (TCG PC Client Platform TPM Profile, 4.6)

// Event types that the code reasons about; event_type_name() knows more. TCG PC Client Platform Firmware Profile,
// table 9; Intel TXT Software Development Guide, appendix F (0x400 and up).
namespace event_type {
inline constexpr std::uint32_t no_action = 0x03;
inline constexpr std::uint32_t separator = 0x04;
inline constexpr std::uint32_t action = 0x05;
inline constexpr std::uint32_t compact_hash = 0x0c;
inline constexpr std::uint32_t ipl = 0x0d;
inline constexpr std::uint32_t efi_variable_driver_config = 0x80000001;
inline constexpr std::uint32_t efi_boot_services_application = 0x80000003;
inline constexpr std::uint32_t efi_action = 0x80000007;
inline constexpr std::uint32_t efi_hcrtm = 0x80000010;
inline constexpr std::uint32_t efi_variable_authority = 0x800000e0;
inline constexpr std::uint32_t txt_pcr_mapping = 0x401;
inline constexpr std::uint32_t txt_hash_start = 0x402;
inline constexpr std::uint32_t txt_combined_hash = 0x403;
inline constexpr std::uint32_t txt_mle_hash = 0x404;
inline constexpr std::uint32_t txt_biosac_reg_data = 0x40a;
inline constexpr std::uint32_t txt_cpu_scrtm_stat = 0x40b;
inline constexpr std::uint32_t txt_lcp_control_hash = 0x40c;
inline constexpr std::uint32_t txt_stm_hash = 0x40e;
inline constexpr std::uint32_t txt_ossinitdata_cap_hash = 0x40f;
inline constexpr std::uint32_t txt_sinit_pubkey_hash = 0x410;
inline constexpr std::uint32_t txt_lcp_details_hash = 0x412;
inline constexpr std::uint32_t txt_lcp_authorities_hash = 0x413;
inline constexpr std::uint32_t txt_nv_info_hash = 0x414;
inline constexpr std::uint32_t txt_km_hash = 0x416; // Boot Guard: key manifest, boot policy manifest, boot policy
inline constexpr std::uint32_t txt_bpm_hash = 0x417;
inline constexpr std::uint32_t txt_boot_policy_hash = 0x41a;
inline constexpr std::uint32_t tboot = 0x501;
} // namespace event_type

// What an event does to its PCR.
enum class Effect {
    none,   // informative: EV_NO_ACTION, TXT's PCR mapping
    extend, // PCR = H(PCR || digest)
    set,    // the digest is the value of the PCR from here on: HASH_START of a TPM 1.2 log
};

struct Event {
    std::uint32_t pcr = 0;
    std::uint32_t type = 0;
    Effect effect = Effect::extend;
    Digests digests;        // of banks of the list; a bank without one is not extended by this event
    std::string data;       // the log's event data, which nobody hashed unless the type says so
    std::string source;     // what a prediction took the digest from; empty for a log
    std::size_t offset = 0; // of the record in its log, bytes
};

struct EventList {
    std::vector<Bank> banks;
    std::vector<Event> events;
    std::uint8_t startup_locality = 0; // of TPM2_Startup: the last byte of PCR 0 at the start (3 or 4)
    bool dynamic_launch = false;       // PCR 17 to 22 start at zero, as after SENTER; otherwise they hold all ones
    std::set<std::uint32_t> covers;    // the PCRs that a prediction speaks of; empty: all
};

// "EV_IPL", "TXT_MLE_HASH"; "0x1234" for a type that nobody has named.
std::string event_type_name(std::uint32_t type);

// What the event speaks of, in words: the file or command of a boot loader, the variable's name, the image's path.
// Printable, at most some hundred bytes.
std::string describe(const Event& event);

} // namespace bulkhead::measure
