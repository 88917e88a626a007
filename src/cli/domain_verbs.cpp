#include "cli/verb.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/client.hpp"
#include "cli/console.hpp"
#include "cli/create_call.hpp"
#include "cli/domain_row.hpp"
#include "cli/label_list.hpp"
#include "cli/viewer.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

// ---- list ----

void print_row(const json& domain, bool verbose) {
    std::fputs(domain_row(domain).c_str(), stdout);
    if (verbose) {
        std::printf(" %s", domain.value("uuid", "").c_str());
        if (domain.value("shutdown", false))
            std::printf(" %8x", static_cast<unsigned>(domain.value("shutdown_code", 0)));
        else
            std::printf(" %8s", "-");
        std::printf(" %16s", "-"); // FLASK labels: Debian's Xen has no XSM
    }
    std::printf("\n");
}

Result<int> list(const Arguments& arguments) {
    if (arguments.has("long")) {
        const json answer = TRY(ask("list-long", {{"domains", arguments.positional()}}));
        print_json(answer["configs"]);
        return 0;
    }
    const json answer = TRY(ask("list", {{"domains", arguments.positional()}}));
    if (arguments.has("json")) {
        json all = answer["domains"];
        for (const json& domain : answer["kept"]) all.push_back(domain);
        print_json(all);
        return 0;
    }
    if (arguments.has("label")) {
        TRY(print_label_list(answer));
        return 0;
    }
    const bool verbose = arguments.has("verbose");
    std::printf("Name                                        ID   Mem VCPUs\tState\tTime(s)%s\n",
                verbose ? "   UUID                            Reason-Code\tSecurity Label" : "");
    for (const json& domain : answer["domains"]) print_row(domain, verbose);
    for (const json& domain : answer["kept"]) {
        std::printf("%-40s %5s %5s %5s     %-6s  %8s", domain.value("name", "").c_str(), "", "", "",
                    domain.value("suspended", false) ? "saved" : "", "");
        std::printf("%s\n", verbose ? (" " + domain.value("uuid", "")).c_str() : "");
    }
    return 0;
}

// ---- create ----

Result<int> console_of(const std::string& domain, const std::string& type) {
    Client client = TRY(Client::open());
    const json answer = TRY(client.call("console", {{"domain", domain}, {"type", type}}));
    ConsoleOptions options;
    options.tty = answer.value("tty", "");
    options.lock = "/var/lock/xenconsole." + std::to_string(answer.value("id", 0U)); // xenconsole(1)'s own lock
    if (::isatty(STDIN_FILENO) == 1) log::info("console of '" + answer.value("name", "") + "'; Ctrl-] leaves");
    return run_console(options);
}

Result<int> create(const Arguments& arguments) {
    const json request = TRY(create_request("create", arguments));
    Client client = TRY(Client::open());
    const bool quiet = arguments.has("quiet"), as_xm = program_name() == "xm" && !arguments.has("json");
    client.set_quiet(quiet || as_xm);
    if (arguments.has("dryrun") || arguments.has("dryrun-json")) {
        TRY(print_dry_run(client, request, !quiet));
        return 0;
    }
    if (arguments.has("debug")) TRY(print_dry_run(client, request, false)); // the warnings come with the creation
    if (as_xm && !quiet) say_config_file(request);
    const json created = TRY(client.call("create", request));
    if (arguments.has("json"))
        print_json(created);
    else if (as_xm && !quiet)
        std::printf("Started domain %s\n", created.value("name", "").c_str());
    else if (!quiet)
        log::info("domain '" + created.value("name", "") + "' created, id " + std::to_string(created.value("id", 0U)));
    int status = 0;
    if (arguments.has("console"))
        status = TRY(console_of_new(client, created, arguments.has("paused")));
    else if (arguments.has("vncviewer") || wants_autopass(arguments))
        status = TRY(run_viewer(std::to_string(created.value("id", 0U)), wants_autopass(arguments)));
    if (arguments.has("foreground")) {
        const auto over = client.call("await-end", {{"domain", created.value("uuid", "")}});
        if (!over && over.error().code != ENOENT) return tl::unexpected(over.error()); // gone already
    }
    return status;
}

// ---- life and death ----

Result<std::string> find_name(const std::string& domain, const char* key) {
    const json found = TRY(ask("find", {{"domain", domain}}));
    return found[key].is_string() ? found[key].get<std::string>() : found[key].dump();
}

Result<int> plain(const char* verb, const Arguments& arguments) {
    for (const std::string& domain : arguments.positional()) {
        const json answer = TRY(ask(verb, {{"domain", domain}}));
        if (arguments.has("json")) print_json(answer);
    }
    return 0;
}

Result<int> destroy(const Arguments& arguments) {
    return plain("destroy", arguments);
}
Result<int> pause(const Arguments& arguments) {
    return plain("pause", arguments);
}
Result<int> unpause(const Arguments& arguments) {
    return plain("unpause", arguments);
}

// Asks every domain first, then waits for each: they go down side by side.
Result<int> ask_guests(const char* verb, const Arguments& arguments) {
    std::vector<std::string> domains = arguments.positional();
    if (arguments.has("all")) {
        if (!domains.empty()) return usage_error(std::string(verb) + ": --all takes no domains");
        const json all = TRY(ask("list", json::object()))["domains"];
        for (const json& domain : all) {
            if (domain.value("id", 0U) != 0) domains.push_back(std::to_string(domain.value("id", 0U)));
        }
    } else if (domains.empty()) {
        return usage_error(std::string(verb) + ": which domain?");
    }
    int status = 0;
    std::vector<Client> waiting;
    for (const std::string& domain : domains) {
        Client client = TRY(Client::open());
        const json request = {{"domain", domain}, {"wait", arguments.has("wait")}, {"acpi", arguments.has("acpi")}};
        TRY(client.send(verb, request));
        waiting.push_back(std::move(client));
    }
    for (Client& client : waiting) {
        const Result<json> answer = client.receive();
        if (answer) continue;
        log::error(answer.error().message);
        status = 1;
    }
    return status;
}

Result<int> shutdown(const Arguments& arguments) {
    return ask_guests("shutdown", arguments);
}
Result<int> reboot(const Arguments& arguments) {
    return ask_guests("reboot", arguments);
}

Result<int> rename(const Arguments& arguments) {
    TRY(ask("rename", {{"domain", arguments.positional()[0]}, {"name", arguments.positional()[1]}}));
    return 0;
}

Result<int> print_found(const Arguments& arguments, const char* key) {
    const std::string value = TRY(find_name(arguments.positional()[0], key));
    if (arguments.has("json"))
        print_json(parse_unsigned(value) ? json(*parse_unsigned(value)) : json(value));
    else
        std::puts(value.c_str());
    return 0;
}

Result<int> domid(const Arguments& arguments) {
    return print_found(arguments, "id");
}
Result<int> domname(const Arguments& arguments) {
    return print_found(arguments, "name");
}

Result<int> console(const Arguments& arguments) {
    return console_of(arguments.positional()[0], arguments.value("type").value_or(""));
}

} // namespace

const std::vector<Verb>& domain_verbs() {
    static const std::vector<Option> ask_options = {
        {'w', "wait", nullptr, "wait until it has happened"},
        {'a', "all", nullptr, "every domain but dom0"},
        {'F', "acpi", nullptr, "guests without PV drivers: press the ACPI button"}};
    static const std::vector<Verb> verbs = {
        {"create",
         "FILE [VARIABLE=VALUE...]",
         "Create a domain from an xl.cfg(5) file",
         "Builds the domain that FILE describes and starts it. Variables on the command line go behind the file's text "
         "and so override it. When anything fails, nothing of the domain is left. A vif whose driver domain is not "
         "there or not ready yet is attached when it is.",
         {{'f', "defconfig", "FILE", "the configuration file, as xl spells it"},
          {0, "python", nullptr, "FILE is a program for xm: run it by python3, without any rights"},
          {'p', "paused", nullptr, "leave it paused"},
          {'c', "console", nullptr, "attach to its console before it starts"},
          {'w', "wait", nullptr, "wait until the driver domains of its vifs are ready, and start it with all vifs"},
          {'q', "quiet", nullptr, "no progress and no warnings"},
          {'V', "vncviewer", nullptr, "open its screen"},
          {'A', "vncviewer-autopass", nullptr, "the same, and give the viewer the password"},
          {'i', "ignore-global-affinity-masks", nullptr,
           "also processors that the cpumasks of xl.conf keep from guests, until it is made again"},
          {'F', "foreground", nullptr, "return when the domain is gone for good; Ctrl-C leaves it running"},
          {'e', "no-monitor", nullptr, "nothing: bulkheadd looks after the domain, no process of its own"},
          {'d', "debug", nullptr, "also print what is built, as JSON"},
          {'n', "dryrun", nullptr, "only print what would be built, as JSON"},
          {'N', "dryrun-json", nullptr, "the same"},
          json_option},
         0,
         any_number,
         create},
        {"list",
         "[DOMAIN...]",
         "List domains",
         "Name, id, memory in MiB, virtual CPUs, state and CPU time, with the columns of xl list. State: r running, b "
         "blocked, p paused, s shut down and why, d dying.",
         {{'l', "long", nullptr, "the whole configuration of each, as JSON"},
          {0, "label", nullptr, "security labels, with xm's columns and in their order"},
          {'v', "verbose", nullptr, "UUID and shutdown reason too"},
          json_option},
         0,
         any_number,
         list},
        {"destroy",
         "DOMAIN...",
         "End a domain at once",
         "As pulling the plug: the guest is not asked.",
         {json_option},
         1,
         any_number,
         destroy},
        {"shutdown", "[DOMAIN...]", "Ask a domain to shut down", "", ask_options, 0, any_number, shutdown},
        {"reboot", "[DOMAIN...]", "Ask a domain to reboot", "", ask_options, 0, any_number, reboot},
        {"pause", "DOMAIN...", "Stop a domain's virtual CPUs", "", {json_option}, 1, any_number, pause},
        {"unpause", "DOMAIN...", "Let a paused domain run on", "", {json_option}, 1, any_number, unpause},
        {"console",
         "DOMAIN",
         "Attach to a domain's console",
         "Ctrl-] leaves. With piped input, what the guest prints is shown until it has been silent for two seconds "
         "after the input's end.",
         {{'t', "type", "TYPE", "pv or serial; by default what the domain's kind uses", "pv serial"}},
         1,
         1,
         console},
        {"rename", "DOMAIN NAME", "Give a domain another name", "", {}, 2, 2, rename},
        {"domid", "DOMAIN", "Print a domain's id", "", {json_option}, 1, 1, domid},
        {"domname", "DOMAIN", "Print a domain's name", "", {json_option}, 1, 1, domname},
    };
    return verbs;
}

} // namespace bulkhead::cli
