#include "cli/create_call.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "cli/console.hpp"
#include "cli/python_config.hpp"

#include <cstdio>
#include <filesystem>

namespace bulkhead::cli {

using nlohmann::json;

Result<FileAndAssignments> file_and_assignments(const char* verb, const Arguments& arguments, std::size_t skip) {
    FileAndAssignments words;
    words.file = arguments.value("defconfig");
    const auto& all = arguments.positional();
    for (std::size_t i = skip; i < all.size(); ++i) {
        const std::string& word = all[i];
        if (word.find('=') != std::string::npos)
            words.assignments.push_back(word);
        else if (!words.file)
            words.file = word;
        else
            return usage_error(std::string(verb) + ": two configuration files: " + *words.file + " and " + word);
    }
    return words;
}

json creation(std::string config, const std::string& source, const std::string& directory) {
    return {{"config", std::move(config)}, {"source", source}, {"directory", directory}};
}

Result<json> create_request(const char* verb, const Arguments& arguments, std::size_t skip) {
    auto [file, overrides] = TRY(file_and_assignments(verb, arguments, skip));
    if (!file)
        return usage_error(std::string(verb) + ": no configuration file; usage: " + program_name() + " " + verb +
                           (skip == 0 ? "" : " DOMAIN") + " FILE [VARIABLE=VALUE...]");
    constexpr std::size_t limit = 256 * 1024; // the daemon's own
    std::string text;
    // xm looked for a bare name here and then in /etc/xen.
    if (program_name() == "xm" && file->find('/') == std::string::npos && !exists(*file) && exists("/etc/xen/" + *file))
        file = "/etc/xen/" + *file;
    if (*file != "/dev/null") text = TRY(context(read_file(*file, limit), "configuration"));
    if (arguments.has("python")) {
        text = TRY(run_python_config(text, *file, overrides));
        overrides.clear(); // they are in there
    }
    std::error_code error;
    json request = creation(std::move(text), *file, std::filesystem::current_path(error).string());
    request["overrides"] = overrides;
    request["paused"] = arguments.has("paused") || arguments.has("console");
    request["wait"] = arguments.has("wait");
    request["ignore_masks"] = arguments.has("ignore-global-affinity-masks");
    return request;
}

Status print_dry_run(Client& client, const json& request, bool with_warnings) {
    const json answer = TRY(client.call("dry-run", request));
    if (with_warnings) {
        for (const json& warning : answer["warnings"]) log::warning(warning.get<std::string>());
    }
    std::fputs(answer.value("text", "").c_str(), stdout);
    return {};
}

void say_config_file(const json& request) {
    const std::string file = request.value("source", "");
    std::printf("Using config file \"%s%s\".\n", file.starts_with('/') || file.starts_with("./") ? "" : "./",
                file.c_str());
    (void)std::fflush(stdout); // before any error
}

Result<int> console_of_new(Client& client, const json& created, bool paused) {
    const std::string id = std::to_string(created.value("id", 0U));
    const json tty = TRY(client.call("console", {{"domain", id}}));
    ConsoleOptions options;
    options.tty = tty.value("tty", "");
    options.lock = "/var/lock/xenconsole." + id; // xenconsole(1)'s own lock
    if (!paused) {
        options.attached = [&]() -> Status {
            TRY(client.call("unpause", {{"domain", id}}));
            return {};
        };
    }
    return run_console(options);
}

} // namespace bulkhead::cli
