#include "measure/diff.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::measure {
namespace {

constexpr std::size_t lookahead = 256; // events; how far to look for the place where the lists agree again

struct Side {
    const EventList& list;
    std::string_view name;
    std::vector<std::size_t> numbers; // of the PCR's events

    [[nodiscard]] const Event& at(std::size_t index) const { return list.events[numbers[index]]; }
    [[nodiscard]] std::string quoted(std::size_t index) const {
        const Event& event = at(index);
        return "'" + describe(event) + "' (" + event_type_name(event.type) + ")";
    }
};

std::vector<std::size_t> events_of(const EventList& list, std::uint32_t pcr) {
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < list.events.size(); ++i) {
        if (list.events[i].pcr == pcr && list.events[i].effect != Effect::none) numbers.push_back(i);
    }
    return numbers;
}

// A TPM 1.2 log gives HASH_START's result where a TPM 2.0 log gives what was extended.
std::string leaves(Bank bank, const Event& event) {
    const auto found = event.digests.find(bank);
    if (found == event.digests.end()) return {}; // not extended
    const std::string& digest = found->second;
    if (event.type != event_type::txt_hash_start || event.effect != Effect::extend) return digest;
    return extend(bank, std::string(digest_size(bank), '\0'), digest);
}

bool same(const std::vector<Bank>& banks, const Event& a, const Event& b) {
    return std::all_of(banks.begin(), banks.end(), [&](Bank bank) { return leaves(bank, a) == leaves(bank, b); });
}

std::string both_digests(const std::vector<Bank>& banks, const Side& a, std::size_t i, const Side& b, std::size_t j) {
    const auto different = std::find_if(banks.begin(), banks.end(),
                                        [&](Bank bank) { return leaves(bank, a.at(i)) != leaves(bank, b.at(j)); });
    const auto text = [&](const Event& event) {
        const std::string digest = to_hex(leaves(*different, event));
        return digest.empty() ? "not extended" : digest;
    };
    return std::string(bank_name(*different)) + " " + text(a.at(i)) + " in " + std::string(a.name) + ", " +
           text(b.at(j)) + " in " + std::string(b.name);
}

std::string count(std::size_t events) {
    return events == 1 ? "one event" : std::to_string(events) + " events";
}

Difference only_in(const Side& side, std::size_t from, std::size_t events, const Side& other) {
    Difference difference;
    difference.what = side.quoted(from) + " is only in " + std::string(side.name) + "; " + std::string(other.name) +
                      " lacks " + count(events) + " here";
    return difference;
}

// a[i] and b[j] are the first that differ, or one list has ended.
Difference explain(const std::vector<Bank>& banks, const Side& a, std::size_t i, const Side& b, std::size_t j) {
    Difference difference;
    const std::size_t left_a = a.numbers.size() - i;
    const std::size_t left_b = b.numbers.size() - j;
    if (left_b == 0) {
        difference = only_in(a, i, left_a, b);
        difference.in_a = a.numbers[i];
        return difference;
    }
    if (left_a == 0) {
        difference = only_in(b, j, left_b, a);
        difference.in_b = b.numbers[j];
        return difference;
    }
    difference.in_a = a.numbers[i];
    difference.in_b = b.numbers[j];
    const Event& event = a.at(i);
    if (event.type == b.at(j).type && describe(event) == describe(b.at(j))) {
        difference.what = describe(event) + " differs; " + both_digests(banks, a, i, b, j);
        return difference;
    }
    for (std::size_t skip = 1; skip <= lookahead; ++skip) {
        // Replaced one for one comes before inserted: "a new kernel" is the likelier story.
        if (skip < left_a && skip < left_b && same(banks, a.at(i + skip), b.at(j + skip))) break;
        if (skip < left_a && same(banks, a.at(i + skip), b.at(j))) {
            difference = only_in(a, i, skip, b);
            difference.in_a = a.numbers[i];
            return difference;
        }
        if (skip < left_b && same(banks, a.at(i), b.at(j + skip))) {
            difference = only_in(b, j, skip, a);
            difference.in_b = b.numbers[j];
            return difference;
        }
    }
    difference.what =
        std::string(a.name) + " has " + a.quoted(i) + " where " + std::string(b.name) + " has " + b.quoted(j);
    return difference;
}

std::set<std::uint32_t> covered(const EventList& list) {
    if (!list.covers.empty()) return list.covers;
    std::set<std::uint32_t> all;
    for (std::uint32_t pcr = 0; pcr < pcr_count; ++pcr) all.insert(pcr);
    return all;
}

} // namespace

Result<Comparison> compare(const EventList& a, const EventList& b, std::string_view name_a, std::string_view name_b,
                           const std::set<std::uint32_t>& only) {
    Comparison comparison;
    for (const Bank bank : a.banks) {
        if (std::find(b.banks.begin(), b.banks.end(), bank) != b.banks.end()) comparison.banks.push_back(bank);
    }
    if (comparison.banks.empty())
        return fail(std::string(name_a) + " and " + std::string(name_b) +
                    " have no hash bank in common: nothing can be compared");
    const std::set<std::uint32_t> in_b = covered(b);
    std::vector<std::pair<std::size_t, Difference>> found; // by the place in the first list
    for (const std::uint32_t pcr : covered(a)) {
        if (!in_b.contains(pcr) || (!only.empty() && !only.contains(pcr))) continue;
        const Side side_a{a, name_a, events_of(a, pcr)};
        const Side side_b{b, name_b, events_of(b, pcr)};
        if (side_a.numbers.empty() && side_b.numbers.empty()) continue;
        comparison.pcrs.insert(pcr);
        if (pcr == 0 && a.startup_locality != b.startup_locality) {
            Difference difference;
            difference.what = "the TPM was started at locality " + std::to_string(a.startup_locality) + " in " +
                              std::string(name_a) + ", " + std::to_string(b.startup_locality) + " in " +
                              std::string(name_b);
            found.emplace_back(0, difference);
            continue;
        }
        std::size_t i = 0;
        while (i < side_a.numbers.size() && i < side_b.numbers.size() &&
               same(comparison.banks, side_a.at(i), side_b.at(i)))
            ++i;
        if (i == side_a.numbers.size() && i == side_b.numbers.size()) continue;
        Difference difference = explain(comparison.banks, side_a, i, side_b, i);
        difference.pcr = pcr;
        const std::size_t before = i == 0 ? 0 : side_a.numbers[i - 1] + 1;
        found.emplace_back(i < side_a.numbers.size() ? side_a.numbers[i] : before, std::move(difference));
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
    for (auto& [place, difference] : found) comparison.differences.push_back(std::move(difference));
    return comparison;
}

std::string to_text(const Difference& difference) {
    std::string text = "PCR " + std::to_string(difference.pcr);
    if (difference.in_a || difference.in_b)
        text += ", event " + std::to_string(difference.in_a ? *difference.in_a : *difference.in_b);
    return text + ": " + difference.what;
}

} // namespace bulkhead::measure
