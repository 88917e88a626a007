#include "cli/client.hpp"
#include "cli/verb.hpp"

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "domain/capacity.hpp"
#include "host/boot_options.hpp"
#include "host/check.hpp"
#include "host/collect.hpp"
#include "host/dom0_options.hpp"
#include "host/grub_files.hpp"
#include "host/xen_options.hpp"
#include "pci/sysfs.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

// --- check ---

// Why bulkheadd does not answer; empty: it does. Another process asks, because a daemon that hangs is one of the
// answers.
std::string daemon_error() {
    constexpr std::string_view prefix = "bulkhead: error: "; // base/log
    const auto answer = run({"/proc/self/exe", "list", "--json"}, std::chrono::seconds(10));
    if (answer && answer->status == 0) return {};
    std::string text(trim(answer ? answer->err : answer.error().message));
    if (text.starts_with(prefix)) text.erase(0, prefix.size());
    return text;
}

Result<int> check(const Arguments& arguments) {
    host::Facts facts = host::collect_files("");
    host::collect_running(facts);
    facts.daemon_error = daemon_error();
    const auto findings = host::judge(facts, {domain::nodes_per_vif, domain::watches_per_vif});
    const auto count = [&](host::State state) {
        return std::count_if(findings.begin(), findings.end(),
                             [&](const host::Finding& finding) { return finding.state == state; });
    };
    const auto problems = count(host::State::problem), warnings = count(host::State::warning);
    if (arguments.has("json")) {
        auto list = ordered_json::array();
        for (const host::Finding& finding : findings) {
            ordered_json one = {{"id", finding.id}, {"state", host::state_text(finding.state)}, {"seen", finding.text}};
            if (!finding.remedy.empty()) one["remedy"] = finding.remedy;
            list.push_back(std::move(one));
        }
        print_json(ordered_json{{"ready", problems == 0},
                                {"xen", facts.under_xen ? ordered_json(facts.version) : ordered_json()},
                                {"findings", list}});
        return problems == 0 ? 0 : 1;
    }
    for (const host::Finding& finding : findings) {
        std::printf("%-8s %s: %s\n", host::state_text(finding.state), finding.id, finding.text.c_str());
        if (!finding.remedy.empty()) std::printf("         -> %s\n", finding.remedy.c_str());
    }
    std::printf("%s: %td problems, %td warnings\n", problems == 0 ? "ready" : "not ready", problems, warnings);
    return problems == 0 ? 0 : 1;
}

// --- boot-options ---

const char* side_text(host::Side side) {
    return side == host::Side::xen ? "xen" : "dom0";
}

ordered_json json_of(const host::ShownWord& shown) {
    const std::string& word = shown.word.text;
    const std::size_t equals = word.find('=');
    const host::NamedValue named =
        shown.side == host::Side::xen
            ? host::xen_named_value(word)
            : host::NamedValue{word.substr(0, equals),
                               equals == std::string::npos ? std::nullopt : std::optional(word.substr(equals + 1))};
    ordered_json one = {{"of", side_text(shown.side)},
                        {"name", named.name},
                        {"value", named.value ? ordered_json(*named.value) : ordered_json()},
                        {"file", shown.word.source},
                        {"line", shown.word.line}};
    if (!shown.problem.empty()) one["problem"] = shown.problem;
    if (!shown.later.empty()) one["set_again_by"] = shown.later;
    return one;
}

Result<int> show_boot_options(const Arguments& arguments, const std::string& root) {
    const host::BootLines lines = TRY(host::read_boot_lines(TRY(host::read_grub_files(root))));
    const std::vector<host::ShownWord> shown = host::examine(lines);
    bool good = true;
    for (const host::ShownWord& one : shown) good = good && one.problem.empty();
    if (arguments.has("json")) {
        auto options = ordered_json::array();
        for (const host::ShownWord& one : shown) options.push_back(json_of(one));
        print_json(ordered_json{
            {"options", options}, {"complete", lines.xen_known && lines.dom0_known}, {"notes", lines.notes}});
        return good ? 0 : 1;
    }
    for (const host::Side side : {host::Side::xen, host::Side::dom0}) {
        std::printf("%s\n", side == host::Side::xen ? "Xen:" : "dom0's kernel:");
        for (const host::ShownWord& one : shown) {
            if (one.side != side) continue;
            std::printf("  %-40s %s:%u\n", printable(one.word.text).c_str(), one.word.source.c_str(), one.word.line);
            if (!one.problem.empty()) std::printf("      problem: %s\n", one.problem.c_str());
            if (!one.later.empty()) std::printf("      set again by %s\n", one.later.c_str());
        }
        const std::string& unknown = side == host::Side::xen ? lines.xen_unknown : lines.dom0_unknown;
        if (!unknown.empty()) std::printf("  and what a command or a condition adds in %s\n", unknown.c_str());
    }
    for (const std::string& note : lines.notes) std::fprintf(stderr, "%s\n", note.c_str());
    return good ? 0 : 1;
}

// What is to be hidden must be there, or nothing is hidden and the option looks as if it worked.
Status check_hidden(const host::OwnOptions& options, const std::string& root) {
    constexpr std::string_view hide = "xen-pciback.hide=";
    const std::string folder = root + "/sys/bus/pci";
    if (!exists(folder)) return {};
    for (const std::string& word : options.dom0) {
        if (!word.starts_with(hide)) continue;
        for (const host::HiddenDevice& device : TRY(host::parse_hidden(word.substr(hide.size()))))
            TRY(context(pci::Sysfs(folder).device(device.address), "xen-pciback.hide"));
    }
    return {};
}

Result<std::string> unified_diff(const std::string& root, const std::string& text) {
    const std::string path = root + host::our_file;
    const std::string old = exists(path) ? path : "/dev/null";
    const Output output = TRY(run({"diff", "-u", "-L", old, "-L", path, old, "-"}, std::chrono::seconds(30), text));
    if (output.status > 1) return fail("diff: " + std::string(trim(output.err)));
    return output.out;
}

Status update_grub() {
    const auto done = run_checked({"update-grub"}, std::chrono::minutes(10));
    if (done) return {};
    return fail("the settings are written, but GRUB's menu is not made again: " + done.error().message +
                "; run: update-grub");
}

Result<int> change_boot_options(const Arguments& arguments, const std::string& root) {
    const auto request = host::parse_boot_request(arguments.positional());
    if (!request) return usage_error("host boot-options: " + request.error().message);
    const std::vector<host::ScriptFile> files = TRY(host::read_grub_files(root));
    const std::string before = host::own_text(files);
    const host::OwnOptions options = TRY(host::apply(*request, TRY(host::read_own(before, host::our_file))));
    TRY(check_hidden(options, root));
    const std::string after = host::write_own(options);
    const host::BootLines lines = TRY(host::read_boot_lines(host::with_own(files, after)));
    const std::vector<std::string> obstacles = host::obstacles(*request, options, lines);
    const std::string difference = before == after ? "" : TRY(unified_diff(root, after));
    const bool dry = arguments.has("dry-run");
    if (!dry && before != after) TRY(host::store_own(root, after));
    const bool menu = !dry && root.empty() && !arguments.has("no-update-grub") && host::menu_outdated(root);
    if (arguments.has("json")) {
        print_json(ordered_json{{"file", root + host::our_file},
                                {"changed", before != after},
                                {"written", !dry && before != after},
                                {"diff", difference},
                                {"update_grub", menu},
                                {"obstacles", obstacles}});
    } else {
        std::fputs(difference.c_str(), stdout);
    }
    if (menu) TRY(update_grub());
    for (const std::string& sentence : obstacles) std::fprintf(stderr, "bulkhead: %s\n", sentence.c_str());
    if (!dry && before != after && !arguments.has("json"))
        std::fprintf(stderr, "bulkhead: %s\n",
                     menu ? "in force from the next boot" : "run update-grub; in force from the boot after it");
    return obstacles.empty() ? 0 : 1;
}

Result<int> boot_options(const Arguments& arguments) {
    std::string root = arguments.value("root").value_or("");
    while (root.ends_with('/')) root.pop_back();
    if (!root.empty() && !exists(root)) return fail("--root " + root + ": there is no such folder");
    return arguments.positional().empty() ? show_boot_options(arguments, root) : change_boot_options(arguments, root);
}

} // namespace

const std::vector<Verb>& host_verbs() {
    static const std::vector<Verb> verbs = {
        {"host check",
         "",
         "Say whether this host is ready, and what to do where it is not",
         "Looks at Xen and its tools, the IOMMU, xenstored and its limits, dom0's memory, bridges, kernel modules, "
         "hidden devices, network cards and free space. Each finding is ok, a warning or a problem, with what was seen "
         "and the remedy. Nothing is changed. Works without bulkheadd and without Xen; as root it sees more. Exit "
         "status 0 if there is no problem.",
         {json_option},
         0,
         0,
         check},
        {"host boot-options",
         "[set NAME=VALUE...] [unset NAME...]",
         "Show or change the options that Xen and dom0's kernel boot with",
         "Alone it shows what GRUB's settings give (/etc/default/grub and /etc/default/grub.d/*.cfg, which are read as "
         "data), each option with its place and with what is wrong with it. `set` checks each value by a table of Xen "
         "4.17's options, prints the change as a diff, writes /etc/default/grub.d/bulkhead.cfg in one step and runs "
         "update-grub; no other file is changed. A name may begin with xen: or dom0: to say whose it is, as for "
         "console. Exit status 1 if an option has no effect.",
         {{0, "root", "DIR", "a system below DIR; update-grub is left to you"},
          {'n', "dry-run", nullptr, "only show the change"},
          {0, "no-update-grub", nullptr, "write the settings, leave GRUB's menu"},
          json_option},
         0,
         any_number,
         boot_options},
    };
    return verbs;
}

} // namespace bulkhead::cli
