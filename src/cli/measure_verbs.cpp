#include "cli/boot_files.hpp"
#include "cli/client.hpp"
#include "cli/lcp_report.hpp"
#include "cli/measure_files.hpp"
#include "cli/verb.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "measure/acm.hpp"
#include "measure/diff.hpp"
#include "measure/event_list_json.hpp"
#include "measure/gzio.hpp"
#include "measure/lcp.hpp"
#include "measure/mle.hpp"
#include "measure/replay.hpp"
#include "measure/tboot_policy.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

ordered_json pcrs_json(const measure::PcrValues& values) {
    ordered_json root = ordered_json::object();
    for (const auto& [bank, pcrs] : values) {
        ordered_json& row = root[std::string(measure::bank_name(bank))] = ordered_json::object();
        for (const auto& [pcr, value] : pcrs) row[std::to_string(pcr)] = to_hex(value);
    }
    return root;
}

Result<int> replay(const Arguments& arguments) {
    const measure::PcrValues values = measure::replay(TRY(read_list_file(arguments.positional()[0])));
    if (arguments.has("json")) {
        print_json(ordered_json{{"pcrs", pcrs_json(values)}});
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
        std::printf("%5zu %3s %-32s %-16s %s\n", i,
                    event.pcr < measure::pcr_count ? std::to_string(event.pcr).c_str() : "-",
                    measure::event_type_name(event.type).c_str(),
                    measured ? to_hex(digest->second).substr(0, 16).c_str() : "-", measure::describe(event).c_str());
    }
}

Result<int> show_events(const Arguments& arguments) {
    const measure::EventList list = TRY(read_list_file(arguments.positional()[0]));
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
    const measure::EventList list_a = TRY(read_list_file(a));
    const measure::EventList list_b = TRY(read_list_file(b));
    const measure::Comparison found = TRY(measure::compare(list_a, list_b, a, b, pcrs));
    if (arguments.has("json")) {
        ordered_json root = {{"same", found.differences.empty()}, {"pcrs", found.pcrs}};
        root["differences"] = ordered_json::array();
        for (const measure::Difference& each : found.differences) root["differences"].push_back(difference_json(each));
        print_json(root);
    } else {
        for (const measure::Difference& each : found.differences) std::printf("%s\n", measure::to_text(each).c_str());
        if (found.differences.empty()) std::printf("the same in %zu PCRs\n", found.pcrs.size());
    }
    return found.differences.empty() ? 0 : 1;
}

Result<int> predict(const Arguments& arguments) {
    const auto description = arguments.value("config");
    if (!description) return usage_error("measure predict: --config FILE is missing: the description of the boot");
    const measure::EventList list = TRY(predict_from_file(*description));
    if (arguments.has("json")) {
        std::fputs(measure::event_list_json(list).c_str(), stdout);
    } else if (arguments.has("events")) {
        print_events(list);
    } else {
        std::fputs(measure::pcrs_yaml(measure::replay(list)).c_str(), stdout);
    }
    return 0;
}

constexpr std::size_t file_limit = 512 << 20;

std::string number(std::uint32_t value) {
    char text[11];
    std::snprintf(text, sizeof text, "0x%x", value);
    return text;
}

// A flat report: one "name: value" line per row, or the object.
int show(const Arguments& arguments, const ordered_json& report) {
    if (arguments.has("json")) {
        print_json(report);
        return 0;
    }
    for (const auto& [name, value] : report.items())
        std::printf("%s: %s\n", name.c_str(),
                    value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str());
    return 0;
}

Result<int> acm(const Arguments& arguments) {
    const std::string& path = arguments.positional()[0];
    const std::string bytes = TRY(read_file(path, file_limit));
    const measure::Acm acm = TRY(context(measure::parse_acm(bytes), path));
    ordered_json report = {{"subtype", acm.subtype},
                           {"header_version", number(acm.header_version)},
                           {"chipset", number(acm.chipset_id)},
                           {"flags", number(acm.flags)},
                           {"vendor", number(acm.vendor)},
                           {"date", number(acm.date).substr(2)},
                           {"size", acm.size},
                           {"txt_svn", acm.txt_svn},
                           {"se_svn", acm.se_svn},
                           {"key_size", acm.key_size},
                           {"scratch_size", acm.scratch_size}};
    if (acm.info) {
        report["type"] = acm.info->type;
        report["table_version"] = acm.info->version;
        report["os_sinit_data_version"] = acm.info->os_sinit_data_version;
        report["minimal_mle_header_version"] = number(acm.info->minimal_mle_header_version);
        report["capabilities"] = number(acm.info->capabilities);
        report["acm_version"] = acm.info->acm_version;
    }
    report["sha1"] = to_hex(measure::acm_hash(measure::Bank::sha1, acm, bytes));
    report["sha256"] = to_hex(measure::acm_hash(measure::Bank::sha256, acm, bytes));
    const std::string start = measure::acm_hash(measure::Bank::sha256, acm, bytes) + std::string(4, '\0');
    report["sinit_hash"] =
        to_hex(measure::extend(measure::Bank::sha1, std::string(20, '\0'), measure::hash(measure::Bank::sha1, start)));
    report["key_sha256"] = to_hex(measure::acm_key_hash(acm));
    return show(arguments, report);
}

Result<int> mle(const Arguments& arguments) {
    const std::string& path = arguments.positional()[0];
    const std::string packed = TRY(read_file(path, file_limit));
    const std::string elf = TRY(context(measure::as_loaded(packed, measure::mle_limit), path));
    const measure::Mle mle = TRY(context(measure::parse_mle(elf), path));
    ordered_json report;
    for (const auto& [bank, digest] :
         measure::mle_hash(measure::all_banks, mle, arguments.value("cmdline").value_or("")))
        report[std::string(measure::bank_name(bank))] = to_hex(digest);
    return show(arguments, report);
}

ordered_json tboot_policy_report(const measure::TbootPolicy& policy) {
    constexpr const char* types[] = {"nonfatal", "continue", "halt"};
    ordered_json report = {{"kind", "tboot verified launch policy"},
                           {"version", policy.version},
                           {"type", types[policy.type]},
                           {"hash_algorithm", policy.hash_algorithm},
                           {"control", number(policy.control)}};
    report["entries"] = ordered_json::array();
    for (const measure::TbootPolicyEntry& entry : policy.entries) {
        ordered_json row = {{"module", entry.module},
                            {"pcr", entry.pcr},
                            {"hash_type", entry.hash_type == 0 ? "any" : "image"},
                            {"nv_index", number(entry.nv_index)}};
        for (const std::string& hash : entry.hashes) row["hashes"].push_back(to_hex(hash));
        report["entries"].push_back(row);
    }
    const auto bank = measure::bank_of(policy.hash_algorithm).value_or(measure::Bank::sha1);
    report["extended_" + std::string(measure::bank_name(bank))] =
        to_hex(measure::tboot_policy_digest(bank, bank, policy));
    return report;
}

Result<int> lcp(const Arguments& arguments) {
    constexpr std::pair<std::string_view, measure::DefaultPolicy> defaults[] = {
        {"tpm20", measure::DefaultPolicy::tpm20},
        {"tpm20-before-1.9.12", measure::DefaultPolicy::tpm20_before},
        {"tpm12", measure::DefaultPolicy::tpm12},
        {"legacy", measure::DefaultPolicy::legacy},
        {"2013", measure::DefaultPolicy::year2013}};
    if (const auto wanted = arguments.value("default")) {
        if (!arguments.positional().empty()) return usage_error("measure lcp: FILE or --default, not both");
        for (const auto& [name, which] : defaults) {
            if (name != *wanted) continue;
            const measure::TbootPolicy policy = measure::default_tboot_policy(which);
            if (const auto output = arguments.value("output"))
                TRY(write_file_atomic(*output, measure::tboot_policy_bytes(policy)));
            return show(arguments, tboot_policy_report(policy));
        }
        return usage_error("measure lcp: --default tpm20, tpm20-before-1.9.12, tpm12, legacy or 2013");
    }
    if (arguments.positional().empty()) return usage_error("measure lcp: FILE or --default NAME is missing");
    const std::string& path = arguments.positional()[0];
    const std::string bytes = TRY(read_file(path, measure::lcp_data_limit));
    if (bytes.starts_with(measure::lcp_data_signature))
        return show(arguments, lcp_data_report(TRY(context(measure::parse_lcp_data(bytes), path))));
    // The first byte of tboot's policy is its version, 2; of a launch control policy the minor version, of which 2.2
    // and 3.2 have the major number 2 or 3 in the second byte, where tboot has a type of at most 2. Only one of them
    // fits.
    const auto policy = measure::parse_lcp_policy(bytes);
    if (!policy)
        return show(arguments, tboot_policy_report(TRY(context(measure::parse_tboot_policy(bytes),
                                                               path + ": no launch control policy, and as a "
                                                                      "tboot policy"))));
    ordered_json report = {
        {"kind", "launch control policy"},
        {"version", std::to_string(policy->version >> 8) + "." + std::to_string(policy->version & 0xff)},
        {"hash_algorithm", measure::bank_name(policy->hash_algorithm)},
        {"type", policy->type == measure::LcpPolicy::Type::any ? "any" : "list"},
        {"sinit_min_version", policy->sinit_min_version},
        {"revocation_counters", policy->revocation_counters},
        {"control", number(policy->control)},
        {"max_sinit_min_version", policy->max_sinit_min_version},
        {"hash_mask", number(policy->hash_mask)},
        {"signature_mask", number(policy->signature_mask)},
        {"policy_hash", to_hex(policy->policy_hash)}};
    return show(arguments, report);
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
         show_events},
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
        {"measure predict",
         "--config FILE [--events]",
         "compute PCRs before a machine ever boots",
         "FILE is JSON and describes the boot: the images that the firmware starts (PCR 4), the folders that GRUB sees "
         "(PCR 8 and 9), what tboot loads (PCR 17 to 19); docs/measure.md has the keys. What GRUB does is executed, "
         "command by command; what no file tells comes from a platform profile; what is unknown is an error. Prints "
         "the PCRs, with --events what is measured, with --json a list that `measure diff` compares with a log.",
         {{0, "config", "FILE", "the description of the boot"},
          {0, "events", nullptr, "list the events instead of the PCRs"},
          json_option},
         0,
         0,
         predict},
        {"measure acm",
         "FILE",
         "show an Intel SINIT or BIOS ACM and the hash that a launch measures",
         "sha1 and sha256 are what GETSEC[SENTER] hashes; key_sha256 is the register TXT.PUBLIC.KEY. sinit_hash is "
         "SinitHash of SinitMleData from version 7 on, PCR 17 of a TPM 1.2 after SENTER; up to version 6 SinitHash is "
         "sha1.",
         {json_option},
         1,
         1,
         acm},
        {"measure mle",
         "FILE [--cmdline TEXT]",
         "hash tboot as SINIT does",
         "FILE is tboot or tboot.gz; TEXT is what stands behind its name in grub.cfg.",
         {{0, "cmdline", "TEXT", "tboot's command line"}, json_option},
         1,
         1,
         mle},
        {"measure lcp",
         "FILE | --default NAME [--output FILE]",
         "show a launch control policy, its data file, or a tboot policy",
         "FILE is a policy as `lcp2_crtpol` or `tb_polgen` write it, or a policy data file: its lists and elements, "
         "and the PolicyHash that a policy for it has. --default shows one that tboot carries: tpm20, "
         "tpm20-before-1.9.12, tpm12, legacy, 2013.",
         {{0, "default", "NAME", "a default policy of tboot", "tpm20 tpm20-before-1.9.12 tpm12 legacy 2013"},
          {'o', "output", "FILE", "with --default: write the policy"},
          json_option},
         0,
         1,
         lcp},
    };
    return verbs;
}

} // namespace bulkhead::cli
