#include "cli/verb.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "cli/client.hpp"
#include "cli/progress_bar.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

Result<std::string> absolute(const std::string& path) {
    std::error_code error;
    const std::string whole = std::filesystem::absolute(path, error).string();
    if (error) return fail(path + ": " + error.message(), error.value());
    return whole;
}

// One call with a bar for its progress.
Result<json> ask_with_bar(const char* verb, const json& request, bool quiet) {
    Client client = TRY(Client::open());
    ProgressBar progress;
    client.on_progress([&](const std::string& text) {
        if (!quiet) progress.show(text);
    });
    return client.call(verb, request);
}

Result<int> save(const Arguments& arguments) {
    const std::string& domain = arguments.positional()[0];
    if (arguments.has("checkpoint") && arguments.has("paused"))
        return usage_error("save: --checkpoint leaves the domain running and --paused leaves it paused: which?");
    const char* const after = arguments.has("checkpoint") ? "run" : arguments.has("paused") ? "pause" : "";
    const std::string file = TRY(absolute(arguments.positional()[1]));
    const bool quiet = arguments.has("quiet");
    const json request = {{"domain", domain}, {"file", file}, {"after", after}};
    const json answer = TRY(ask_with_bar("save", request, quiet));
    if (arguments.has("json")) print_json(answer);
    if (!quiet) log::info("'" + domain + "' saved to " + file);
    return 0;
}

// xl's order: a configuration that replaces the saved one goes first.
Result<int> restore(const Arguments& arguments) {
    const std::vector<std::string>& files = arguments.positional();
    const bool quiet = arguments.has("quiet");
    json request = {{"file", TRY(absolute(files.back()))}, {"paused", arguments.has("paused")}};
    if (files.size() == 2) {
        request["config"] = TRY(context(read_file(files[0], std::size_t{256} * 1024), "configuration"));
        request["source"] = files[0];
        request["directory"] = TRY(absolute("."));
    }
    const json restored = TRY(ask_with_bar("restore", request, quiet));
    if (arguments.has("json"))
        print_json(restored);
    else if (!quiet)
        log::info("domain '" + restored.value("name", "") + "' restored, id " +
                  std::to_string(restored.value("id", 0U)));
    return 0;
}

} // namespace

const std::vector<Verb>& save_verbs() {
    static const Option quiet = {'q', "quiet", nullptr, "no progress"};
    static const std::vector<Verb> verbs = {
        {"save",
         "DOMAIN FILE",
         "Save a domain to a file, to be restored later",
         "The guest is suspended, its memory written to FILE, and the domain ends. The file appears under its name "
         "when it is whole and on the disk: an interrupted save leaves the domain running and no file. It holds the "
         "configuration too, with what was attached and detached since the domain was made. A domain with PCI devices "
         "cannot be saved.",
         {{'c', "checkpoint", nullptr, "let the domain run on"},
          {'p', "paused", nullptr, "leave the domain there, paused"},
          quiet,
          json_option},
         2,
         2,
         save},
        {"restore",
         "[CONFIG] FILE",
         "Restore a domain from a file that save wrote",
         "The file is checked while it is read: one that was cut short or damaged is refused, and nothing of the "
         "domain is left. The driver domains of its vifs are waited for, 60 s. CONFIG replaces the configuration in "
         "the file. Files of xl save are for xl restore.",
         {{'p', "paused", nullptr, "leave it paused"}, quiet, json_option},
         1,
         2,
         restore},
    };
    return verbs;
}

} // namespace bulkhead::cli
