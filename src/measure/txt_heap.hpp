// The TXT heap: what BIOS, tboot, and SINIT tell each other around a launch. Pure.
// Source: Intel TXT Software Development Guide (315168), appendix C; tboot's include/txt/heap.h.
#pragma once

#include "base/result.hpp"
#include "measure/platform_profile.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure {

inline constexpr std::size_t txt_heap_limit = 64 << 20; // bytes of a dump; real heaps have up to a few MiB

// An element of HEAP_EXT_DATA: {u32 type, u32 size with this header, data}.
struct HeapElement {
    std::uint32_t type = 0;
    std::string data;
    std::size_t offset = 0; // in the dump
};
// "BIOS_SPEC_VER", "EVENT_LOG_POINTER2_1"; "0x1234" for a type that nobody has named.
std::string heap_element_name(std::uint32_t type);

// Where a log lies in the machine's memory; of one bank each but for the crypto-agile one.
struct HeapEventLog {
    std::string format;        // "TPM 1.2", "sha256", "TCG crypto-agile"
    std::uint64_t address = 0; // physical
    std::uint32_t size = 0;    // bytes allocated; 0: the container says it
    std::uint32_t first = 0;   // offset of the first record
    std::uint32_t next = 0;    // offset behind the last one
};

struct BiosData {
    std::uint32_t version = 0;
    std::uint32_t sinit_size = 0; // bytes of a SINIT module that the BIOS brought; 0: none
    std::uint64_t policy_base = 0, policy_size = 0;
    std::uint32_t processors = 0;
    std::optional<std::uint32_t> sinit_flags, mle_flags; // from version 3 on
    std::vector<HeapElement> elements;                   // from version 4 on
};

struct OsSinitData {
    std::uint32_t version = 0;
    std::uint32_t flags = 0; // bit 0, version 7: the extend policy is that of best performance
    std::uint64_t mle_page_table = 0, mle_size = 0, mle_header = 0;
    std::uint64_t pmr_low_base = 0, pmr_low_size = 0, pmr_high_base = 0, pmr_high_size = 0;
    std::uint64_t policy_base = 0, policy_size = 0;
    std::uint32_t capabilities = 0;        // measured: see launch_capabilities()
    std::optional<std::uint64_t> efi_rsdp; // from version 5 on
    std::vector<HeapElement> elements;     // from version 6 on
};

struct SinitMleData {
    std::uint32_t version = 0;
    std::string bios_acm_id; // 20 bytes
    std::uint32_t edx_senter_flags = 0;
    std::string mseg_valid; // 8 bytes
    std::string sinit_hash; // 20 bytes: of the module up to version 6, PCR 17 after it from version 7 on
    std::string mle_hash, stm_hash, lcp_policy_hash; // 20 bytes each, SHA-1
    std::uint32_t policy_control = 0;
    std::uint32_t rlp_wakeup_address = 0;
    std::uint32_t memory_ranges = 0;
    std::uint32_t dmar_size = 0;                   // bytes of the verified ACPI DMAR table
    std::optional<std::uint32_t> cpu_scrtm_status; // from version 8 on
    std::vector<HeapElement> elements;             // from version 9 on
};

struct HeapPart {
    std::size_t offset = 0; // of its data in the dump
    std::uint64_t size = 0; // bytes, without the size field
};

// A heap is filled step by step: a part whose size is zero is not there yet, nor are those behind it.
struct TxtHeap {
    std::optional<HeapPart> bios_part, os_mle_part, os_sinit_part, sinit_mle_part;
    std::optional<BiosData> bios;
    std::optional<std::uint32_t> os_mle_version; // the rest is tboot's own affair
    std::optional<OsSinitData> os_sinit;
    std::optional<SinitMleData> sinit_mle;
    std::vector<HeapEventLog> logs; // from the elements of OsSinitData
};

// A dump of the region from TXT.HEAP.BASE on. Errors name the byte: sizes that leave the dump, elements that leave
// their table, tables too short for their version, versions that are not known.
Result<TxtHeap> parse_txt_heap(std::string_view bytes);

// Facts of a launch on a TPM 1.2 that its log may lack, into those that the profile does not have yet. A fact that
// contradicts the profile is an error.
Status add_heap_facts(PlatformProfile& profile, const TxtHeap& heap);

} // namespace bulkhead::measure
