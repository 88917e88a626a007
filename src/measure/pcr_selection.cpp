#include "measure/pcr_selection.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::measure {
namespace {

constexpr std::size_t select_octets = pcr_count / 8;

Result<BankPcrs> parse_bank_pcrs(std::string_view text) {
    const std::size_t colon = text.find(':');
    const auto bank = parse_bank(text.substr(0, colon));
    if (colon == std::string_view::npos || !bank)
        return fail("'" + printable(text, 80) + "' is no selection of PCRs: write sha256:0,1,2");
    BankPcrs row{*bank, {}};
    for (const std::string_view number : split(text.substr(colon + 1), ',')) {
        const auto pcr = parse_unsigned(number, pcr_count - 1);
        if (!pcr) return fail("'" + printable(text, 80) + "' names a PCR that is no number from 0 to 23");
        row.pcrs.insert(static_cast<std::uint32_t>(*pcr));
    }
    return row;
}

} // namespace

Result<PcrSelection> parse_pcr_selection(std::string_view text) {
    PcrSelection selection;
    for (const std::string_view part : split(text, '+')) {
        BankPcrs row = TRY(parse_bank_pcrs(part));
        if (std::any_of(selection.begin(), selection.end(), [&](const auto& other) { return other.bank == row.bank; }))
            return fail("'" + printable(text, 80) + "' names the bank " + std::string(bank_name(row.bank)) + " twice");
        selection.push_back(std::move(row));
    }
    return selection;
}

std::string to_text(const PcrSelection& selection) {
    std::vector<std::string> banks;
    for (const BankPcrs& row : selection) {
        std::vector<std::string> numbers;
        for (const std::uint32_t pcr : row.pcrs) numbers.push_back(std::to_string(pcr));
        banks.push_back(std::string(bank_name(row.bank)) + ":" + join(numbers, ","));
    }
    return join(banks, "+");
}

std::string pcr_selection_bytes(const PcrSelection& selection) {
    std::string bytes;
    put_u32_big(bytes, static_cast<std::uint32_t>(selection.size()));
    for (const BankPcrs& row : selection) {
        put_u16_big(bytes, static_cast<std::uint16_t>(row.bank));
        std::uint8_t bits[select_octets] = {};
        for (const std::uint32_t pcr : row.pcrs)
            bits[pcr / 8] = static_cast<std::uint8_t>(bits[pcr / 8] | 1U << pcr % 8);
        bytes.push_back(static_cast<char>(select_octets));
        for (const std::uint8_t octet : bits) bytes.push_back(static_cast<char>(octet));
    }
    return bytes;
}

Result<PcrSelection> read_pcr_selection(ByteReader& reader) {
    const std::size_t start = reader.offset();
    const std::uint32_t count = TRY(reader.u32_big("the number of PCR banks"));
    if (count > selection_limit)
        return ByteReader::error(start, "a selection of " + std::to_string(count) + " banks: at most " +
                                            std::to_string(selection_limit));
    PcrSelection selection;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::size_t place = reader.offset();
        const std::uint16_t algorithm = TRY(reader.u16_big("a PCR bank"));
        const auto bank = bank_of(algorithm);
        if (!bank)
            return ByteReader::error(place, "a PCR bank of algorithm " + std::to_string(algorithm) +
                                                ", which cannot be computed");
        const std::uint8_t octets = TRY(reader.u8("the size of a PCR selection"));
        if (octets == 0 || octets > 4)
            return ByteReader::error(place, "a PCR selection of " + std::to_string(octets) + " bytes: 1 to 4");
        const std::string_view bits = TRY(reader.take(octets, "a PCR selection"));
        BankPcrs row{*bank, {}};
        for (std::uint32_t pcr = 0; pcr < 8U * octets; ++pcr) {
            if ((static_cast<std::uint8_t>(bits[pcr / 8]) >> pcr % 8 & 1) == 0) continue;
            if (pcr >= pcr_count)
                return ByteReader::error(place, "PCR " + std::to_string(pcr) + ", which a TPM of a PC does not have");
            row.pcrs.insert(pcr);
        }
        selection.push_back(std::move(row));
    }
    return selection;
}

std::set<std::uint32_t> pcrs_of(const PcrSelection& selection) {
    std::set<std::uint32_t> all;
    for (const BankPcrs& row : selection) all.insert(row.pcrs.begin(), row.pcrs.end());
    return all;
}

Result<PcrValues> selected_values(const EventList& list, const PcrSelection& selection) {
    const PcrValues touched = replay(list);
    PcrValues values;
    for (const auto& [bank, pcrs] : selection) {
        if (std::find(list.banks.begin(), list.banks.end(), bank) == list.banks.end())
            return fail("it has no bank " + std::string(bank_name(bank)));
        const auto known = touched.find(bank);
        for (const std::uint32_t pcr : pcrs) {
            if (!list.covers.empty() && !list.covers.contains(pcr))
                return fail("it is a prediction that does not speak of PCR " + std::to_string(pcr));
            const bool has = known != touched.end() && known->second.contains(pcr);
            values[bank][pcr] = has ? known->second.at(pcr) : initial_pcr(list, pcr, bank);
        }
    }
    return values;
}

std::string concatenated(const PcrSelection& selection, const PcrValues& values) {
    std::string bytes;
    for (const auto& [bank, pcrs] : selection) {
        for (const std::uint32_t pcr : pcrs) bytes += values.at(bank).at(pcr);
    }
    return bytes;
}

std::string pcr_digest(Bank hash_algorithm, const PcrSelection& selection, const PcrValues& values) {
    return hash(hash_algorithm, concatenated(selection, values));
}

std::size_t concatenated_size(const PcrSelection& selection) {
    std::size_t size = 0;
    for (const auto& [bank, pcrs] : selection) size += pcrs.size() * digest_size(bank);
    return size;
}

Result<PcrValues> split_values(const PcrSelection& selection, std::string_view bytes) {
    if (bytes.size() != concatenated_size(selection))
        return fail(std::to_string(bytes.size()) + " bytes of PCR values: " + to_text(selection) + " needs " +
                    std::to_string(concatenated_size(selection)));
    ByteReader reader(bytes);
    PcrValues values;
    for (const auto& [bank, pcrs] : selection) {
        for (const std::uint32_t pcr : pcrs) values[bank][pcr] = TRY(reader.take(digest_size(bank), "a PCR"));
    }
    return values;
}

} // namespace bulkhead::measure
