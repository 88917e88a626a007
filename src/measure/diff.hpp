// Where two event lists part, in words: a log against a prediction, yesterday's log against today's. Pure.
// Events are aligned PCR by PCR, because only the order within a PCR changes its value.
#pragma once

#include "base/result.hpp"
#include "measure/event_list.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure {

struct Difference {
    std::uint32_t pcr = 0;
    std::optional<std::size_t> in_a; // number of the event; nullopt: there is none in that list
    std::optional<std::size_t> in_b;
    std::string what; // "/boot/vmlinuz differs; ..."
};

struct Comparison {
    std::vector<Bank> banks;             // those that both lists have
    std::set<std::uint32_t> pcrs;        // those that were compared
    std::vector<Difference> differences; // at most one per PCR, in the order of the first list
};

// `only`: PCRs to compare; empty: all that both lists cover. An error when the lists have no bank in common.
Result<Comparison> compare(const EventList& a, const EventList& b, std::string_view name_a, std::string_view name_b,
                           const std::set<std::uint32_t>& only = {});

// "PCR 9, event 31: /boot/vmlinuz differs; ..."
std::string to_text(const Difference& difference);

} // namespace bulkhead::measure
