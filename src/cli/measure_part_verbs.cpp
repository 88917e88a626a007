// `bulkhead measure`: the parts that predictions are made of, taken from a machine or computed by hand.
#include "cli/client.hpp"
#include "cli/verb.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "measure/event_list_json.hpp"
#include "measure/event_log.hpp"
#include "measure/gzio.hpp"
#include "measure/hash_file.hpp"
#include "measure/pcr_steps.hpp"
#include "measure/profile_from_log.hpp"
#include "measure/tboot_policy.hpp"
#include "measure/txt_heap.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t module_limit = 1U << 30; // bytes of a module, packed or not

Result<int> take_profile(const Arguments& arguments) {
    const std::string& path = arguments.positional()[0];
    const std::string bytes = TRY(read_file(path, measure::event_log_limit));
    const measure::EventList log = TRY(context(measure::read_event_list(bytes), path));
    measure::ProfileFromLog found = TRY(context(measure::profile_from_log(log), path));
    if (const auto heap = arguments.value("heap")) {
        const std::string dump = TRY(read_file(*heap, measure::txt_heap_limit));
        const measure::TxtHeap tables = TRY(context(measure::parse_txt_heap(dump), *heap));
        TRY(context(measure::add_heap_facts(found.profile, tables), *heap));
        const auto still = measure::missing_facts(found.profile, measure::needed_facts(found.profile));
        std::erase_if(found.missing, [&](const measure::ProfileFromLog::Gap& gap) {
            return std::find(still.begin(), still.end(), gap.fact) == still.end();
        });
    }
    const std::string profile =
        measure::platform_profile_json(found.profile, arguments.value("description").value_or(""));
    const auto output = arguments.value("output");
    if (output) TRY(write_file_atomic(*output, profile));
    if (arguments.has("json")) {
        ordered_json root = {{"profile", ordered_json::parse(profile)}};
        root["missing"] = ordered_json::array();
        for (const auto& [fact, why] : found.missing) root["missing"].push_back({{"fact", fact}, {"why", why}});
        root["warnings"] = found.warnings;
        print_json(root);
    } else {
        if (!output) std::fputs(profile.c_str(), stdout);
        for (const auto& [fact, why] : found.missing)
            std::fprintf(stderr, "missing: %s: %s\n", fact.c_str(), why.c_str());
        for (const std::string& warning : found.warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
    }
    return found.missing.empty() ? 0 : 1;
}

std::string hex_number(std::uint64_t value) {
    char text[19];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
    return text;
}

// One "name: value" line per row, or the object.
int show_tables(const Arguments& arguments, const ordered_json& report) {
    if (arguments.has("json")) {
        print_json(report);
        return 0;
    }
    for (const auto& [table, rows] : report.items()) {
        if (!rows.is_object()) {
            std::printf("%s: %s\n", table.c_str(),
                        rows.is_string() ? rows.get<std::string>().c_str() : rows.dump().c_str());
            continue;
        }
        std::printf("%s:\n", table.c_str());
        for (const auto& [name, value] : rows.items())
            std::printf("  %s: %s\n", name.c_str(),
                        value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str());
    }
    return 0;
}

ordered_json part_report(const measure::HeapPart& part, std::uint32_t version) {
    return {{"offset", hex_number(part.offset)}, {"size", part.size}, {"version", version}};
}
void add_elements(ordered_json& report, const std::vector<measure::HeapElement>& elements) {
    for (const measure::HeapElement& each : elements)
        report["elements"].push_back({{"type", measure::heap_element_name(each.type)},
                                      {"offset", hex_number(each.offset)},
                                      {"data", to_hex(std::string_view(each.data).substr(0, 256))}});
}

ordered_json heap_report(const measure::TxtHeap& heap) {
    ordered_json report;
    const measure::BiosData& bios = *heap.bios;
    ordered_json& first = report["bios_data"] = part_report(*heap.bios_part, bios.version);
    first["sinit_size"] = bios.sinit_size;
    first["policy_base"] = hex_number(bios.policy_base);
    first["policy_size"] = bios.policy_size;
    first["processors"] = bios.processors;
    if (bios.sinit_flags) first["sinit_flags"] = hex_number(*bios.sinit_flags);
    if (bios.mle_flags) first["mle_flags"] = hex_number(*bios.mle_flags);
    add_elements(first, bios.elements);
    if (heap.os_mle_part) {
        report["os_mle_data"] = {{"offset", hex_number(heap.os_mle_part->offset)}, {"size", heap.os_mle_part->size}};
        if (heap.os_mle_version) report["os_mle_data"]["version"] = *heap.os_mle_version;
    }
    if (heap.os_sinit) {
        const measure::OsSinitData& data = *heap.os_sinit;
        ordered_json& rows = report["os_sinit_data"] = part_report(*heap.os_sinit_part, data.version);
        rows["flags"] = hex_number(data.flags);
        rows["mle_page_table"] = hex_number(data.mle_page_table);
        rows["mle_size"] = data.mle_size;
        rows["mle_header"] = hex_number(data.mle_header);
        rows["pmr_low"] = hex_number(data.pmr_low_base) + "+" + hex_number(data.pmr_low_size);
        rows["pmr_high"] = hex_number(data.pmr_high_base) + "+" + hex_number(data.pmr_high_size);
        rows["policy_base"] = hex_number(data.policy_base);
        rows["policy_size"] = data.policy_size;
        rows["capabilities"] = hex_number(data.capabilities);
        if (data.efi_rsdp) rows["efi_rsdp"] = hex_number(*data.efi_rsdp);
        add_elements(rows, data.elements);
    }
    if (heap.sinit_mle) {
        const measure::SinitMleData& data = *heap.sinit_mle;
        ordered_json& rows = report["sinit_mle_data"] = part_report(*heap.sinit_mle_part, data.version);
        rows["bios_acm_id"] = to_hex(data.bios_acm_id);
        rows["edx_senter_flags"] = hex_number(data.edx_senter_flags);
        rows["mseg_valid"] = to_hex(data.mseg_valid);
        rows["sinit_hash"] = to_hex(data.sinit_hash);
        rows["mle_hash"] = to_hex(data.mle_hash);
        rows["stm_hash"] = to_hex(data.stm_hash);
        rows["lcp_policy_hash"] = to_hex(data.lcp_policy_hash);
        rows["policy_control"] = hex_number(data.policy_control);
        rows["rlp_wakeup_address"] = hex_number(data.rlp_wakeup_address);
        rows["memory_ranges"] = data.memory_ranges;
        rows["dmar_size"] = data.dmar_size;
        if (data.cpu_scrtm_status) rows["cpu_scrtm_status"] = *data.cpu_scrtm_status;
        add_elements(rows, data.elements);
    }
    report["event_logs"] = ordered_json::array();
    for (const measure::HeapEventLog& log : heap.logs)
        report["event_logs"].push_back({{"format", log.format},
                                        {"address", hex_number(log.address)},
                                        {"size", log.size},
                                        {"first", log.first},
                                        {"next", log.next}});
    return report;
}

Result<int> show_heap(const Arguments& arguments) {
    const std::string& path = arguments.positional()[0];
    const std::string dump = TRY(read_file(path, measure::txt_heap_limit));
    return show_tables(arguments, heap_report(TRY(context(measure::parse_txt_heap(dump), path))));
}

Result<int> hash_module(const Arguments& arguments) {
    const std::string& path = arguments.positional()[0];
    std::string bytes = TRY(read_file(path, module_limit));
    if (!arguments.has("nounzip")) bytes = TRY(context(measure::as_loaded(bytes, module_limit), path));
    std::string command_line = arguments.value("cmdline").value_or("");
    if (arguments.has("before-1.9.4")) command_line = measure::without_first_word(command_line);
    const measure::Digests image = measure::hash(measure::all_banks, bytes);
    ordered_json report;
    for (const auto& [bank, digest] : image)
        report[std::string(measure::bank_name(bank))] =
            to_hex(measure::tboot_module_digest(bank, command_line, digest));
    return show_tables(arguments, report);
}

constexpr std::string_view state_of_pcr = "bulkhead pcr";

// "bulkhead pcr BANK HEX" and a line end.
Result<std::string> read_state(const std::string& path, measure::Bank bank) {
    const std::string text = TRY(read_file(path, 4096));
    const auto parts = words(text);
    const auto value = parts.size() == 4 ? from_hex(parts[3]) : std::nullopt;
    if (!value || text.rfind(state_of_pcr, 0) != 0) return fail(path + ": no PCR; remove it to begin with a new one");
    if (parts[2] != measure::bank_name(bank) || value->size() != measure::digest_size(bank))
        return fail(path + ": a PCR of another bank; give --bank");
    return *value;
}

Result<int> run_pcr(const Arguments& arguments) {
    const std::string name = arguments.value("bank").value_or("sha256");
    const auto bank = measure::parse_bank(name);
    if (!bank) return usage_error("measure pcr: --bank sha1, sha256, sha384, sha512 or sm3_256");
    const auto state = arguments.value("state");
    std::string value(measure::digest_size(*bank), '\0');
    if (state && exists(*state)) value = TRY(read_state(*state, *bank));
    ordered_json steps = ordered_json::array();
    for (const std::string& text : arguments.positional()) {
        const measure::PcrStep step = TRY(measure::parse_pcr_step(text, *bank));
        measure::Digests file;
        if (step.kind == measure::PcrStep::Kind::file) file = TRY(measure::hash_file(step.argument, std::array{*bank}));
        if (step.kind == measure::PcrStep::Kind::file_text)
            file = TRY(measure::hash_file(step.argument, std::array{measure::Bank::sha1}));
        const std::string digest = measure::pcr_step_digest(step, *bank, file);
        value = measure::pcr_after(step, *bank, value, digest);
        steps.push_back({{"step", printable(text, 200)},
                         {"digest", digest.empty() ? ordered_json(nullptr) : ordered_json(to_hex(digest))},
                         {"value", to_hex(value)}});
    }
    if (state) TRY(write_file_atomic(*state, std::string(state_of_pcr) + " " + name + " " + to_hex(value) + "\n"));
    if (arguments.has("json")) {
        print_json(ordered_json{{"bank", name}, {"value", to_hex(value)}, {"steps", steps}});
    } else {
        std::printf("%s\n", to_hex(value).c_str());
    }
    return 0;
}

} // namespace

const std::vector<Verb>& measure_part_verbs() {
    static const std::vector<Verb> verbs = {
        {"measure profile from-log",
         "LOG [--heap FILE] [--output FILE] [--description TEXT]",
         "take a platform profile from the log of one launch",
         "LOG is the event log of a launch by Intel TXT, or an event list of `measure events --json`. Prints the file "
         "that `profile` in a description of `measure predict` names: what cannot be known from the files of the boot "
         "disk. Only what the log proves is taken: data that hash to the event's digest. What a prediction needs and "
         "the log does not tell is listed on standard error (with --json under `missing`), and the exit status is 1. "
         "On a TPM 1.2 a dump of the TXT heap tells what a log without event data does not.",
         {{0, "heap", "FILE", "a dump of the TXT heap of the same launch, as for `measure heap`"},
          {'o', "output", "FILE", "write the profile there instead of printing it"},
          {0, "description", "TEXT", "of the machine, for readers of the file"},
          json_option},
         1,
         1,
         take_profile},
        {"measure heap",
         "FILE",
         "show the tables of a TXT heap",
         "FILE is a dump of the memory from TXT.HEAP.BASE on. Shows BiosData, OsMleData, OsSinitData and SinitMleData, "
         "with the event logs' addresses. Those that are not filled yet are left out.",
         {json_option},
         1,
         1,
         show_heap},
        {"measure module",
         "FILE [--cmdline TEXT] [--nounzip]",
         "hash a module as tboot does",
         "What tboot extends for a module: H(H(command line) || H(image)). TEXT is what stands behind the file's name "
         "in grub.cfg; FILE is gunzipped as GRUB does.",
         {{0, "cmdline", "TEXT", "the module's command line"},
          {0, "nounzip", nullptr, "hash the file as it is, as after `module2 --nounzip`"},
          {0, "before-1.9.4", nullptr, "leave out the command line's first word, as tboot before 1.9.4 did"},
          json_option},
         1,
         1,
         hash_module},
        {"measure pcr",
         "[--bank NAME] [--state FILE] STEP...",
         "compute a PCR by hand",
         "Starts with zeros and does one STEP after the other: reset (to zeros), ones, set:HEX, extend:HEX (by this "
         "digest), text:TEXT (by its digest), file:PATH (by the file's digest), sha1-text:PATH (by the digest of the "
         "file's SHA-1 as 40 hexadecimal digits, which is how meta-measured's initramfs measures a root file system). "
         "Prints the value; --json each step.",
         {{0, "bank", "NAME", "hash algorithm (default sha256)", "sha1 sha256 sha384 sha512 sm3_256"},
          {0, "state", "FILE", "keep the PCR in this file: begin with what it holds, write what comes out"},
          json_option},
         1,
         any_number,
         run_pcr},
    };
    return verbs;
}

} // namespace bulkhead::cli
