#include "measure/txt_log.hpp"

#include "measure/tcg_log.hpp"

#include <optional>

namespace bulkhead::measure {
namespace {

constexpr std::string_view container_signature("TXT Event Container\0", 20);
constexpr std::size_t container_header = 20 + 12 + 4 + 4 + 4 + 4;
constexpr std::size_t heap_descriptor = 2 + 2 + 8 + 4 + 4 + 4;
constexpr std::size_t log_descriptor = 16 + 4 + 4 + 4;
constexpr std::size_t sha1_record = 4 + 4 + 20 + 4; // without data

Status read_records(ByteReader& reader, Bank bank, Effect hash_start_default, EventList& list) {
    while (!reader.empty()) {
        Event event = TRY(read_record(reader, bank));
        TRY(classify(list, event));
        if (event.type == event_type::txt_hash_start) {
            const HashStart found = hash_start_effect(bank, event.digests[bank], event.data);
            event.effect = found.certain ? found.effect : hash_start_default;
        }
        list.events.push_back(std::move(event));
    }
    if (list.events.empty()) return ByteReader::error(reader.offset(), "the TXT event log holds no event");
    return {};
}

// The bytes [first, next) of a container, checked.
Result<ByteReader> records(std::string_view container, std::size_t base, std::size_t field_at, std::uint32_t least,
                           std::uint32_t first, std::uint32_t next) {
    if (first < least || first > next || next > container.size())
        return ByteReader::error(field_at, "records from byte " + std::to_string(first) + " to " +
                                               std::to_string(next) + " do not lie inside the container's " +
                                               std::to_string(container.size()) + " bytes");
    return ByteReader(container.substr(first, next - first), base + first);
}

// The bank of a log by its TCG_LOG_DESCRIPTOR: the identifiers of Intel's guide, not TPM_ALG_ID.
std::optional<Bank> described_bank(std::string_view bytes) {
    if (bytes.size() < sha1_record + log_descriptor || u32_at(bytes, 0) != 0 ||
        u32_at(bytes, 4) != event_type::no_action || u32_at(bytes, 28) != log_descriptor ||
        bytes.substr(8, 20).find_first_not_of('\0') != std::string_view::npos)
        return std::nullopt;
    const std::uint32_t id = u32_at(bytes, sha1_record + 20);
    const std::uint32_t size = u32_at(bytes, sha1_record + 24);
    constexpr Bank by_id[] = {Bank::sha1, Bank::sha256, Bank::sha384, Bank::sha512, Bank::sm3_256};
    if (id == 0 || id > std::size(by_id) || size != digest_size(by_id[id - 1])) return std::nullopt;
    return by_id[id - 1];
}

bool has_heap_descriptor(std::string_view bytes) {
    if (bytes.size() < heap_descriptor || !bank_of(u16_at(bytes, 0)) || u16_at(bytes, 2) != 0) return false;
    const std::uint32_t size = u32_at(bytes, 12);
    const std::uint32_t first = u32_at(bytes, 16);
    const std::uint32_t next = u32_at(bytes, 20);
    return first <= next && next <= size && next <= bytes.size() - heap_descriptor && next > first;
}

} // namespace

HashStart hash_start_effect(Bank bank, std::string_view digest, std::string_view data) {
    if (data.empty()) return {};
    const std::string hashed = hash(bank, data);
    if (hashed == digest) return {Effect::extend, true};
    if (extend(bank, std::string(digest_size(bank), '\0'), hashed) == digest) return {Effect::set, true};
    return {};
}

bool is_txt_container(std::string_view bytes) {
    return bytes.starts_with(container_signature);
}

Result<EventList> parse_txt_container(std::string_view bytes) {
    ByteReader reader(bytes);
    TRY(reader.take(container_signature.size() + 12, "TXT event container"));
    const std::size_t version_at = reader.offset();
    const std::uint8_t container_major = TRY(reader.u8("container version"));
    TRY(reader.u8("container version"));
    const std::uint8_t event_major = TRY(reader.u8("event version"));
    TRY(reader.u8("event version"));
    if (container_major != 1 || event_major != 1)
        return ByteReader::error(version_at, "TXT event container of version " + std::to_string(container_major) +
                                                 " with events of version " + std::to_string(event_major) +
                                                 ": version 1 of both is known");
    const std::size_t size_at = reader.offset();
    const std::uint32_t size = TRY(reader.u32("container size"));
    const std::uint32_t first = TRY(reader.u32("offset of the first event"));
    const std::uint32_t next = TRY(reader.u32("offset of the next event"));
    // A file may hold less than the whole buffer, if it holds all records.
    if (next > size)
        return ByteReader::error(size_at, "records to byte " + std::to_string(next) + " in a container of " +
                                              std::to_string(size) + " bytes");
    EventList list;
    list.banks = {Bank::sha1};
    list.dynamic_launch = true;
    ByteReader inside = TRY(records(bytes, 0, size_at + 4, container_header, first, next));
    TRY(read_records(inside, Bank::sha1, Effect::set, list));
    return list;
}

bool is_txt_bank_log(std::string_view bytes) {
    return has_heap_descriptor(bytes) || described_bank(bytes).has_value();
}

Result<EventList> parse_txt_bank_log(std::string_view bytes) {
    std::string_view log = bytes;
    std::size_t base = 0;
    std::optional<Bank> bank;
    if (has_heap_descriptor(bytes)) {
        bank = bank_of(u16_at(bytes, 0));
        const std::uint32_t first = u32_at(bytes, 16);
        base = heap_descriptor + first;
        log = bytes.substr(base, u32_at(bytes, 20) - first);
    }
    const auto described = described_bank(log);
    if (bank && described && *bank != *described)
        return ByteReader::error(base, "the log describes itself as " + std::string(bank_name(*described)) +
                                           ", its heap descriptor says " + std::string(bank_name(*bank)));
    if (!bank) bank = described;
    if (!bank) return ByteReader::error(0, "no descriptor tells the digests of this TXT event log");
    if (*bank != Bank::sha1 && !described)
        return ByteReader::error(base, "a TXT event log of " + std::string(bank_name(*bank)) +
                                           " without the record that describes it");
    EventList list;
    list.banks = {*bank};
    list.dynamic_launch = true;
    ByteReader reader(log, base);
    if (described) TRY(reader.take(sha1_record + log_descriptor, "log descriptor"));
    TRY(read_records(reader, *bank, Effect::extend, list));
    return list;
}

} // namespace bulkhead::measure
