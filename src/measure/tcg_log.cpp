#include "measure/tcg_log.hpp"

#include <algorithm>

namespace bulkhead::measure {
namespace {

constexpr std::string_view spec_id("Spec ID Event03\0", 16);
constexpr std::string_view startup_locality("StartupLocality\0", 16);
constexpr std::uint32_t most_algorithms = 16; // TPMs have at most five; HASH_COUNT of TPM 2.0 Part 4 is 16

bool padding(std::string_view rest) {
    const char first = rest[0];
    return (first == '\0' || first == '\xff') && rest.find_first_not_of(first) == std::string_view::npos;
}

// TCG_EfiSpecIDEvent: which digests every record carries.
Status read_spec_id(std::string_view data, std::size_t offset, EventList& list) {
    ByteReader reader(data, offset);
    TRY(reader.take(spec_id.size() + 4 + 4, "Spec ID event")); // signature, class, version, errata, uintn size
    const std::size_t count_at = reader.offset();
    const std::uint32_t count = TRY(reader.u32("number of algorithms"));
    if (count == 0 || count > most_algorithms)
        return ByteReader::error(count_at, "the log announces " + std::to_string(count) + " digest algorithms: 1 to " +
                                               std::to_string(most_algorithms) + " are possible");
    list.banks.clear();
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::size_t at = reader.offset();
        const std::uint16_t algorithm = TRY(reader.u16("digest algorithm"));
        const std::uint16_t size = TRY(reader.u16("digest size"));
        const auto bank = bank_of(algorithm);
        if (!bank)
            return ByteReader::error(at, "digest algorithm " + std::to_string(algorithm) +
                                             " is unknown: sha1, sha256, sha384, sha512 and sm3_256 can be computed");
        if (size != digest_size(*bank))
            return ByteReader::error(at, "the log gives " + std::string(bank_name(*bank)) + " digests of " +
                                             std::to_string(size) + " bytes: they have " +
                                             std::to_string(digest_size(*bank)));
        if (std::find(list.banks.begin(), list.banks.end(), *bank) != list.banks.end())
            return ByteReader::error(at, "the log announces " + std::string(bank_name(*bank)) + " twice");
        list.banks.push_back(*bank);
    }
    const std::uint8_t vendor = TRY(reader.u8("vendor size"));
    TRY(reader.take(vendor, "vendor information"));
    return {};
}

// TCG_PCR_EVENT2: {u32 pcr, u32 type, u32 count, {u16 algorithm, digest}*, u32 size, data}.
Result<Event> read_agile_record(ByteReader& reader, const EventList& list) {
    Event event;
    event.offset = reader.offset();
    event.pcr = TRY(reader.u32("PCR index"));
    event.type = TRY(reader.u32("event type"));
    const std::size_t count_at = reader.offset();
    const std::uint32_t count = TRY(reader.u32("digest count"));
    // tboot extends and logs one bank of several when its extend policy is fixed.
    if (count == 0 || count > list.banks.size())
        return ByteReader::error(count_at, "an event with " + std::to_string(count) + " digests: the log announces " +
                                               std::to_string(list.banks.size()));
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::size_t at = reader.offset();
        const std::uint16_t algorithm = TRY(reader.u16("digest algorithm"));
        const auto bank = bank_of(algorithm);
        if (!bank || std::find(list.banks.begin(), list.banks.end(), *bank) == list.banks.end())
            return ByteReader::error(at, "digest algorithm " + std::to_string(algorithm) +
                                             " is none of those that the log announces");
        if (event.digests.contains(*bank))
            return ByteReader::error(at, "an event with two " + std::string(bank_name(*bank)) + " digests");
        event.digests[*bank] = TRY(reader.take(digest_size(*bank), bank_name(*bank)));
    }
    const std::uint32_t size = TRY(reader.u32("event size"));
    event.data = TRY(reader.take(size, "event data"));
    return event;
}

} // namespace

Result<Event> read_record(ByteReader& reader, Bank bank) {
    Event event;
    event.offset = reader.offset();
    event.pcr = TRY(reader.u32("PCR index"));
    event.type = TRY(reader.u32("event type"));
    event.digests[bank] = TRY(reader.take(digest_size(bank), "digest"));
    const std::uint32_t size = TRY(reader.u32("event size"));
    event.data = TRY(reader.take(size, "event data"));
    return event;
}

Status classify(EventList& list, Event& event) {
    if (event.type == event_type::no_action) {
        event.effect = Effect::none;
        // TCG_EfiStartupLocalityEvent (PFP 10.4.5.3): PCR 0 starts with the locality of TPM2_Startup in its last byte.
        if (event.pcr == 0 && event.data.size() == startup_locality.size() + 1 &&
            event.data.starts_with(startup_locality))
            list.startup_locality = static_cast<std::uint8_t>(event.data.back());
        return {};
    }
    if (event.type == event_type::txt_pcr_mapping) {
        event.effect = Effect::none;
        return {};
    }
    // An H-CRTM sequence before TPM2_Startup leaves 4 in the last byte of PCR 0 (PFP 3.2.3.1, TPM 2.0 Part 1, 34.2).
    if (event.type == event_type::efi_hcrtm && event.pcr == 0) list.startup_locality = 4;
    if (event.type == event_type::txt_hash_start) list.dynamic_launch = true;
    if (event.pcr >= pcr_count)
        return ByteReader::error(event.offset, "PCR " + std::to_string(event.pcr) + ": a TPM has " +
                                                   std::to_string(pcr_count) + " (0 to 23)");
    return {};
}

Result<EventList> parse_tcg_log(std::string_view bytes) {
    EventList list;
    list.banks = {Bank::sha1};
    ByteReader reader(bytes);
    bool agile = false;
    while (!reader.empty() && !padding(reader.rest())) {
        Event event;
        if (agile) {
            event = TRY(read_agile_record(reader, list));
        } else {
            event = TRY(read_record(reader, Bank::sha1));
        }
        if (list.events.empty() && event.type == event_type::no_action && event.data.starts_with(spec_id)) {
            agile = true;
            event.digests.clear(); // twenty zeros, of a bank that the log need not have
            const std::size_t data_at = reader.offset() - event.data.size();
            TRY(read_spec_id(event.data, data_at, list));
        }
        TRY(classify(list, event));
        list.events.push_back(std::move(event));
    }
    if (list.events.empty()) return ByteReader::error(0, "the event log holds nothing but padding");
    return list;
}

} // namespace bulkhead::measure
