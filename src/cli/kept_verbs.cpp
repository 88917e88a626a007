// Domains that are kept whether they run or not, as xm kept them.
#include "cli/verb.hpp"

#include "base/log.hpp"
#include "cli/client.hpp"
#include "cli/create_call.hpp"
#include "cli/progress_bar.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

Result<int> keep(const Arguments& arguments) {
    json request = TRY(create_request("new", arguments));
    request["autostart"] = arguments.has("autostart");
    const json kept = TRY(ask("new", request));
    for (const json& warning : kept["warnings"]) log::warning(warning.get<std::string>());
    if (arguments.has("json"))
        print_json(kept);
    else
        log::info("domain '" + kept.value("name", "") + "' is kept; start it with: bulkhead start " +
                  kept.value("name", ""));
    return 0;
}

Result<int> update(const Arguments& arguments) {
    json request = TRY(create_request("config-update", arguments, 1));
    Client client = TRY(Client::open());
    if (arguments.has("debug") || arguments.has("dryrun")) TRY(print_dry_run(client, request, arguments.has("dryrun")));
    if (arguments.has("dryrun")) return 0;
    const std::string& domain = arguments.positional()[0];
    request["domain"] = domain;
    const json updated = TRY(client.call("config-update", request));
    for (const json& warning : updated["warnings"]) log::warning(warning.get<std::string>());
    if (arguments.has("json"))
        print_json(updated);
    else
        log::info("'" + domain + "' is made from " + request.value("source", "") + " when it starts again");
    return 0;
}

Result<int> start_kept(const Arguments& arguments) {
    const bool console = arguments.has("console"), paused = arguments.has("paused");
    Client client = TRY(Client::open());
    json started;
    {
        ProgressBar progress;
        client.on_progress([&](const std::string& text) { progress.show(text); });
        started = TRY(client.call("start", {{"domain", arguments.positional()[0]}, {"paused", paused || console}}));
    }
    if (arguments.has("json"))
        print_json(started);
    else
        log::info("domain '" + started.value("name", "") + "' started, id " + std::to_string(started.value("id", 0U)));
    return console ? console_of_new(client, started, paused) : 0;
}

Result<int> suspend(const Arguments& arguments) {
    for (const std::string& domain : arguments.positional()) {
        Client client = TRY(Client::open());
        ProgressBar progress;
        client.on_progress([&](const std::string& text) { progress.show(text); });
        TRY(client.call("suspend", {{"domain", domain}}));
    }
    return 0;
}

Result<int> drop(const Arguments& arguments) {
    for (const std::string& domain : arguments.positional()) TRY(ask("delete", {{"domain", domain}}));
    return 0;
}

} // namespace

const std::vector<Verb>& kept_verbs() {
    static const std::vector<Option> start_options = {
        {'p', "paused", nullptr, "leave it paused"},
        {'c', "console", nullptr, "attach to its console before it starts"},
        json_option};
    static const std::vector<Verb> verbs = {
        {"new",
         "FILE [VARIABLE=VALUE...]",
         "Keep a domain, to be started by its name",
         "The file is checked and its text is kept, with a UUID; the file is not needed any more. list shows the "
         "domain whether it runs or not. What the text names, as kernels and disks, must be there when it is started.",
         {{'f', "defconfig", "FILE", "the configuration file"},
          {0, "python", nullptr, "FILE is a program for xm: run it by python3, without any rights"},
          {'a', "autostart", nullptr, "start it with the host"},
          json_option},
         0,
         any_number,
         keep},
        {"start", "DOMAIN", "Start a kept domain", "From the beginning, or from where it was suspended.", start_options,
         1, 1, start_kept},
        {"suspend",
         "DOMAIN...",
         "Save kept domains, so that start goes on from there",
         "As save, to a place of bulkheadd's own (/var/lib/bulkhead/suspended).",
         {},
         1,
         any_number,
         suspend},
        {"resume", "DOMAIN", "Start a kept domain from where it was suspended", "The same as start.", start_options, 1,
         1, start_kept},
        {"delete",
         "DOMAIN...",
         "Keep a domain no longer",
         "It must not run. What it was suspended to goes, too; its disks stay.",
         {},
         1,
         any_number,
         drop},
        {"config-update",
         "DOMAIN FILE [VARIABLE=VALUE...]",
         "Make a domain from another configuration at its next start",
         "The file is checked and its text is kept. A domain that runs is not touched: when it reboots it is made from "
         "the new text, without what was attached or detached meanwhile; a kept domain is started from it. Its name "
         "and UUID stay. Driver domains come back as they are.",
         {{'f', "defconfig", "FILE", "the configuration file, as xl spells it"},
          {'d', "debug", nullptr, "also print what would be built, as JSON"},
          {'n', "dryrun", nullptr, "only print that"},
          json_option},
         1,
         any_number,
         update},
    };
    return verbs;
}

} // namespace bulkhead::cli
