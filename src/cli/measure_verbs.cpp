#include "cli/verb.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "measure/diff.hpp"
#include "measure/event_list_json.hpp"
#include "measure/event_log.hpp"
#include "measure/replay.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

constexpr Option json_option = {0, "json", nullptr, "print JSON"};

Result<measure::EventList> read_list(const std::string& path) {
    const std::string bytes = TRY(read_file(path, measure::event_log_limit));
    return context(measure::read_event_list(bytes), path);
}

void print(const ordered_json& json) {
    std::printf("%s\n", json.dump(2, ' ', false, ordered_json::error_handler_t::replace).c_str());
}

ordered_json pcrs_json(const measure::PcrValues& values) {
    ordered_json root = ordered_json::object();
    for (const auto& [bank, pcrs] : values) {
        ordered_json& row = root[std::string(measure::bank_name(bank))] = ordered_json::object();
        for (const auto& [pcr, value] : pcrs) row[std::to_string(pcr)] = measure::to_hex(value);
    }
    return root;
}

Result<int> replay(const Arguments& arguments) {
    const measure::PcrValues values = measure::replay(TRY(read_list(arguments.positional()[0])));
    if (arguments.has("json")) {
        print({{"pcrs", pcrs_json(values)}});
    } else {
        std::fputs(measure::pcrs_yaml(values).c_str(), stdout);
    }
    return 0;
}

// The bank that a table shows: SHA-256 where there is one.
measure::Bank shown_bank(const measure::EventList& list) {
    for (const measure::Bank bank : list.banks) {
        if (bank == measure::Bank::sha256) return bank;
    }
    return list.banks.empty() ? measure::Bank::sha256 : list.banks.front();
}

void print_events(const measure::EventList& list) {
    const measure::Bank bank = shown_bank(list);
    std::printf("%5s %3s %-32s %-16s %s\n", "EVENT", "PCR", "TYPE", std::string(measure::bank_name(bank)).c_str(),
                "WHAT");
    for (std::size_t i = 0; i < list.events.size(); ++i) {
        const measure::Event& event = list.events[i];
        const auto digest = event.digests.find(bank);
        const bool measured = event.effect != measure::Effect::none && digest != event.digests.end();
        std::printf(
            "%5zu %3s %-32s %-16s %s\n", i, event.pcr < measure::pcr_count ? std::to_string(event.pcr).c_str() : "-",
            measure::event_type_name(event.type).c_str(),
            measured ? measure::to_hex(digest->second).substr(0, 16).c_str() : "-", measure::describe(event).c_str());
    }
}

Result<int> events(const Arguments& arguments) {
    const measure::EventList list = TRY(read_list(arguments.positional()[0]));
    if (arguments.has("json")) {
        std::fputs(measure::event_list_json(list).c_str(), stdout);
    } else {
        print_events(list);
    }
    return 0;
}

Result<std::set<std::uint32_t>> read_pcrs(const Arguments& arguments) {
    std::set<std::uint32_t> pcrs;
    for (const std::string& value : arguments.values("pcrs")) {
        for (const std::string_view text : split(value, ',')) {
            const auto pcr = parse_unsigned(text, measure::pcr_count - 1);
            if (!pcr) return usage_error("--pcrs " + printable(value, 80) + ": numbers from 0 to 23 with commas");
            pcrs.insert(static_cast<std::uint32_t>(*pcr));
        }
    }
    return pcrs;
}

ordered_json difference_json(const measure::Difference& difference) {
    const auto number = [](const std::optional<std::size_t>& event) {
        return event ? ordered_json(*event) : ordered_json(nullptr);
    };
    return {{"pcr", difference.pcr},
            {"event_in_a", number(difference.in_a)},
            {"event_in_b", number(difference.in_b)},
            {"what", difference.what}};
}

Result<int> diff(const Arguments& arguments) {
    const std::string& a = arguments.positional()[0];
    const std::string& b = arguments.positional()[1];
    const std::set<std::uint32_t> pcrs = TRY(read_pcrs(arguments));
    const measure::EventList list_a = TRY(read_list(a));
    const measure::EventList list_b = TRY(read_list(b));
    const measure::Comparison found = TRY(measure::compare(list_a, list_b, a, b, pcrs));
    if (arguments.has("json")) {
        ordered_json root = {{"same", found.differences.empty()}, {"pcrs", found.pcrs}};
        root["differences"] = ordered_json::array();
        for (const measure::Difference& each : found.differences) root["differences"].push_back(difference_json(each));
        print(root);
    } else {
        for (const measure::Difference& each : found.differences) std::printf("%s\n", measure::to_text(each).c_str());
        if (found.differences.empty()) std::printf("the same in %zu PCRs\n", found.pcrs.size());
    }
    return found.differences.empty() ? 0 : 1;
}

} // namespace

const std::vector<Verb>& measure_verbs() {
    static const std::vector<Verb> verbs = {
        {"measure replay",
         "LOG",
         "compute the PCRs that an event log leads to",
         "LOG is a firmware event log (TCG 1.2 or crypto-agile, as in /sys/kernel/security/tpm0/"
         "binary_bios_measurements), a TXT event log, or an event list of `measure events --json` or `measure predict "
         "--json`. Prints the PCRs that an event touched, as `tpm2_eventlog` does.",
         {json_option},
         1,
         1,
         replay},
        {"measure events",
         "LOG",
         "list what an event log or a prediction measures",
         "The digest column is the beginning of the SHA-256 digest, or of the first bank's where there is none; --json "
         "gives everything.",
         {json_option},
         1,
         1,
         events},
        {"measure diff",
         "A B",
         "say where two event lists part",
         "Compares PCR by PCR and names the first difference of each, the earliest in A first. A and B are logs or "
         "lists as for `measure replay`; of a prediction only the PCRs that it speaks of are compared. The exit status "
         "is 0 when nothing differs, 1 when something does.",
         {{0, "pcrs", "LIST", "compare only these PCRs, as 4,8,9"}, json_option},
         2,
         2,
         diff},
    };
    return verbs;
}

} // namespace bulkhead::cli
