// What the verbs that make domains share.
#pragma once

#include "cli/client.hpp"
#include "cli/verb.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace bulkhead::cli {

// FILE [VARIABLE=VALUE...] behind the first `skip` words, or --defconfig FILE. Two files are a usage error.
struct FileAndAssignments {
    std::optional<std::string> file;
    std::vector<std::string> assignments;
};
Result<FileAndAssignments> file_and_assignments(const char* verb, const Arguments& arguments, std::size_t skip = 0);

// A request of `create`, `new` or `dry-run`.
nlohmann::json creation(std::string config, const std::string& source, const std::string& directory);

// The request that FILE [VARIABLE=VALUE...] stands for, the file read. `verb`: for messages.
Result<nlohmann::json> create_request(const char* verb, const Arguments& arguments, std::size_t skip = 0);

// Prints what bulkheadd would build of the request, as xl create -N does.
Status print_dry_run(Client& client, const nlohmann::json& request, bool with_warnings);

// As xm began: Using config file "./FILE".
void say_config_file(const nlohmann::json& request);

// Attaches to the console of a domain that was made paused, then lets it run unless it shall stay paused: nothing that
// the guest says while it boots is missed. `created`: the answer of `create`.
Result<int> console_of_new(Client& client, const nlohmann::json& created, bool paused);

} // namespace bulkhead::cli
