#include "measure/replay.hpp"

#include "base/text.hpp"

namespace bulkhead::measure {

// TPM 2.0 Part 1, 34.2 and PC Client Platform TPM Profile, 4.6.2: zeros, but PCR 0 keeps the locality of TPM2_Startup,
// and 17 to 22 hold ones until a dynamic launch resets them.
std::string initial_pcr(const EventList& list, std::uint32_t pcr, Bank bank) {
    const bool dynamic = pcr >= 17 && pcr <= 22;
    std::string value(digest_size(bank), dynamic && !list.dynamic_launch ? '\xff' : '\0');
    if (pcr == 0) value.back() = static_cast<char>(list.startup_locality);
    return value;
}

PcrValues replay(const EventList& list) {
    PcrValues values;
    for (const Event& event : list.events) {
        if (event.effect == Effect::none) continue;
        for (const auto& [bank, digest] : event.digests) {
            const auto place = values[bank].try_emplace(event.pcr, initial_pcr(list, event.pcr, bank)).first;
            place->second = event.effect == Effect::set ? digest : extend(bank, place->second, digest);
        }
    }
    return values;
}

std::string pcrs_yaml(const PcrValues& values) {
    std::string text = "pcrs:\n";
    for (const auto& [bank, pcrs] : values) {
        text.append("  ").append(bank_name(bank)).append(":\n");
        for (const auto& [pcr, value] : pcrs) {
            std::string number = std::to_string(pcr);
            number.resize(2, ' ');
            text.append("    ").append(number).append(" : 0x").append(to_hex(value)).append("\n");
        }
    }
    return text;
}

} // namespace bulkhead::measure
