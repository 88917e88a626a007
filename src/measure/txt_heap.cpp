#include "measure/txt_heap.hpp"

#include "measure/byte_reader.hpp"
#include "measure/event_list.hpp"
#include "measure/hash.hpp"

#include "base/text.hpp"

namespace bulkhead::measure {
namespace {

constexpr std::size_t element_header = 4 + 4;
constexpr std::size_t most_elements = 256;
constexpr std::uint32_t most_logs = 16;

namespace element {
constexpr std::uint32_t end = 0;
constexpr std::uint32_t event_log_pointer = 5;
constexpr std::uint32_t event_log_pointer2 = 7;
constexpr std::uint32_t event_log_pointer2_1 = 8;
} // namespace element

// Up to the element of type 0, which must be there.
Result<std::vector<HeapElement>> read_elements(ByteReader& reader) {
    std::vector<HeapElement> all;
    while (true) {
        HeapElement one;
        one.offset = reader.offset();
        one.type = TRY(reader.u32("type of a heap element"));
        const std::uint32_t size = TRY(reader.u32("size of a heap element"));
        if (size < element_header)
            return ByteReader::error(one.offset + 4,
                                     "a heap element of " + std::to_string(size) + " bytes: its header alone has 8");
        one.data = TRY(reader.take(size - element_header, heap_element_name(one.type)));
        if (one.type == element::end) return all;
        if (all.size() == most_elements)
            return ByteReader::error(one.offset, "more than " + std::to_string(most_elements) + " heap elements");
        all.push_back(std::move(one));
    }
}

Result<std::uint32_t> read_version(ByteReader& reader, const std::string& part, std::uint32_t least,
                                   std::uint32_t most) {
    const std::size_t at = reader.offset();
    const std::uint32_t version = TRY(reader.u32("version of " + part));
    if (version >= least && version <= most) return version;
    return ByteReader::error(at, part + " of version " + std::to_string(version) + ": " + std::to_string(least) +
                                     " to " + std::to_string(most) + " are known");
}

Result<BiosData> read_bios(ByteReader reader) {
    BiosData data;
    data.version = TRY(read_version(reader, "BiosData", 2, 6));
    data.sinit_size = TRY(reader.u32("BiosSinitSize"));
    data.policy_base = TRY(reader.u64("LcpPdBase"));
    data.policy_size = TRY(reader.u64("LcpPdSize"));
    data.processors = TRY(reader.u32("NumLogProcs"));
    if (data.version >= 3) {
        data.sinit_flags = TRY(reader.u32("SinitFlags"));
        data.mle_flags = TRY(reader.u32("MleFlags"));
    }
    if (data.version >= 4) data.elements = TRY(read_elements(reader));
    return data;
}

Result<OsSinitData> read_os_sinit(ByteReader reader) {
    OsSinitData data;
    data.version = TRY(read_version(reader, "OsSinitData", 4, 7));
    data.flags = TRY(reader.u32("Flags"));
    for (std::uint64_t* field :
         {&data.mle_page_table, &data.mle_size, &data.mle_header, &data.pmr_low_base, &data.pmr_low_size,
          &data.pmr_high_base, &data.pmr_high_size, &data.policy_base, &data.policy_size})
        *field = TRY(reader.u64("OsSinitData"));
    data.capabilities = TRY(reader.u32("Capabilities"));
    if (data.version >= 5) data.efi_rsdp = TRY(reader.u64("EfiRsdpPtr"));
    if (data.version >= 6) data.elements = TRY(read_elements(reader));
    return data;
}

Result<SinitMleData> read_sinit_mle(ByteReader reader) {
    SinitMleData data;
    data.version = TRY(read_version(reader, "SinitMleData", 6, 9));
    data.bios_acm_id = TRY(reader.take(20, "BiosAcmId"));
    data.edx_senter_flags = TRY(reader.u32("EdxSenterFlags"));
    data.mseg_valid = TRY(reader.take(8, "MsegValid"));
    data.sinit_hash = TRY(reader.take(20, "SinitHash"));
    data.mle_hash = TRY(reader.take(20, "MleHash"));
    data.stm_hash = TRY(reader.take(20, "StmHash"));
    data.lcp_policy_hash = TRY(reader.take(20, "LcpPolicyHash"));
    data.policy_control = TRY(reader.u32("PolicyControl"));
    data.rlp_wakeup_address = TRY(reader.u32("RlpWakeupAddr"));
    TRY(reader.u32("reserved"));
    data.memory_ranges = TRY(reader.u32("number of memory descriptors"));
    TRY(reader.u32("offset of memory descriptors"));
    data.dmar_size = TRY(reader.u32("size of the DMAR table"));
    TRY(reader.u32("offset of the DMAR table"));
    if (data.version >= 8) data.cpu_scrtm_status = TRY(reader.u32("ProcessorSCRTMStatus"));
    if (data.version >= 9) data.elements = TRY(read_elements(reader));
    return data;
}

// Where a log of a TPM 2.0 is, and how far it is filled.
Status read_extent(ByteReader& reader, HeapEventLog& log) {
    log.address = TRY(reader.u64("address of the event log"));
    log.size = TRY(reader.u32("size of the event log"));
    log.first = TRY(reader.u32("offset of the first event"));
    log.next = TRY(reader.u32("offset of the next event"));
    return {};
}

Status read_logs(const HeapElement& from, std::vector<HeapEventLog>& logs) {
    ByteReader reader(from.data, from.offset + element_header);
    HeapEventLog log;
    switch (from.type) {
    case element::event_log_pointer:
        log.format = "TPM 1.2";
        log.address = TRY(reader.u64("address of the event log"));
        logs.push_back(std::move(log));
        break;
    case element::event_log_pointer2: {
        const std::size_t at = reader.offset();
        const std::uint32_t count = TRY(reader.u32("number of event logs"));
        if (count > most_logs)
            return ByteReader::error(at, std::to_string(count) + " event logs: more than " + std::to_string(most_logs) +
                                             " banks");
        for (std::uint32_t i = 0; i < count; ++i) {
            HeapEventLog each;
            const std::uint16_t algorithm = TRY(reader.u16("algorithm of an event log"));
            TRY(reader.u16("reserved"));
            const auto bank = bank_of(algorithm);
            each.format = bank ? std::string(bank_name(*bank)) : "algorithm " + std::to_string(algorithm);
            TRY(read_extent(reader, each));
            logs.push_back(std::move(each));
        }
        break;
    }
    case element::event_log_pointer2_1:
        log.format = "TCG crypto-agile";
        TRY(read_extent(reader, log));
        logs.push_back(std::move(log));
        break;
    default:
        break;
    }
    return {};
}

// {u64 size with this field, data}; nullopt where the heap has not been filled yet.
Result<std::optional<HeapPart>> read_part(ByteReader& reader, std::string_view name) {
    if (reader.empty()) return std::optional<HeapPart>{};
    const std::size_t at = reader.offset();
    const std::uint64_t size = TRY(reader.u64(name));
    if (size == 0) return std::optional<HeapPart>{};
    if (size < 8 || size - 8 > reader.rest().size())
        return ByteReader::error(at, std::string(name) + " of " + std::to_string(size) +
                                         " bytes: " + std::to_string(reader.rest().size()) + " are left in the dump");
    const HeapPart part{reader.offset(), size - 8};
    TRY(reader.take(part.size, name));
    return std::optional<HeapPart>{part};
}

template <typename T>
Status set_fact(std::optional<T>& fact, const T& value, const char* name) {
    if (fact && *fact != value)
        return fail(std::string("the heap's ") + name + " is not that of the log: they are of different launches");
    fact = value;
    return {};
}

} // namespace

std::string heap_element_name(std::uint32_t type) {
    constexpr const char* names[] = {"END",
                                     "BIOS_SPEC_VER",
                                     "ACM",
                                     "STM",
                                     "CUSTOM",
                                     "EVENT_LOG_POINTER",
                                     "MADT",
                                     "EVENT_LOG_POINTER2",
                                     "EVENT_LOG_POINTER2_1",
                                     "MCFG"};
    if (type < std::size(names)) return names[type];
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) append_hex(bytes, static_cast<std::uint8_t>(type >> shift & 0xff));
    return "0x" + bytes;
}

Result<TxtHeap> parse_txt_heap(std::string_view bytes) {
    ByteReader reader(bytes);
    TxtHeap heap;
    const auto inside = [&](const HeapPart& part) {
        return ByteReader(bytes.substr(part.offset, part.size), part.offset);
    };
    heap.bios_part = TRY(read_part(reader, "BiosData"));
    if (!heap.bios_part) return ByteReader::error(0, "the heap has no BiosData: no dump of a TXT heap");
    heap.bios = TRY(read_bios(inside(*heap.bios_part)));
    heap.os_mle_part = TRY(read_part(reader, "OsMleData"));
    if (!heap.os_mle_part) return heap;
    if (heap.os_mle_part->size >= 4) heap.os_mle_version = u32_at(bytes, heap.os_mle_part->offset);
    heap.os_sinit_part = TRY(read_part(reader, "OsSinitData"));
    if (!heap.os_sinit_part) return heap;
    heap.os_sinit = TRY(read_os_sinit(inside(*heap.os_sinit_part)));
    for (const HeapElement& each : heap.os_sinit->elements) TRY(read_logs(each, heap.logs));
    heap.sinit_mle_part = TRY(read_part(reader, "SinitMleData"));
    if (!heap.sinit_mle_part) return heap;
    heap.sinit_mle = TRY(read_sinit_mle(inside(*heap.sinit_mle_part)));
    return heap;
}

Status add_heap_facts(PlatformProfile& profile, const TxtHeap& heap) {
    if (!heap.sinit_mle) return fail("the heap has no SinitMleData: it was taken before SINIT ran");
    const SinitMleData& data = *heap.sinit_mle;
    if (profile.tpm != TpmVersion::tpm12)
        return fail("a heap tells the facts of a launch on a TPM 1.2; those of a TPM 2.0 are in its log");
    TRY(set_fact(profile.sinit_mle_data_version, data.version, "version of SinitMleData"));
    TRY(set_fact(profile.bios_acm_id, data.bios_acm_id, "BiosAcmId"));
    TRY(set_fact(profile.mseg_valid, data.mseg_valid, "MsegValid"));
    TRY(set_fact(profile.stm_hash, data.stm_hash, "StmHash"));
    TRY(set_fact(profile.lcp_policy_hash, data.lcp_policy_hash, "LcpPolicyHash"));
    TRY(set_fact(profile.policy_control, data.policy_control, "PolicyControl"));
    if (data.cpu_scrtm_status) TRY(set_fact(profile.cpu_scrtm_status, *data.cpu_scrtm_status, "ProcessorSCRTMStatus"));
    return {};
}

} // namespace bulkhead::measure
