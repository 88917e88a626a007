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
    };
    return verbs;
}

} // namespace bulkhead::cli
