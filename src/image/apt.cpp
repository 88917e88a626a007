#include "image/apt.hpp"

#include "base/process.hpp"
#include "base/text.hpp"

#include <cerrno>
#include <filesystem>

namespace bulkhead::image {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds download_time = 20min; // a hundred megabytes over a slow line
constexpr std::chrono::milliseconds question_time = 1min;

bool have_package_lists() {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/var/lib/apt/lists", ignored)) {
        if (entry.path().filename().string().find("_Packages") != std::string::npos) return true;
    }
    return false;
}

Result<std::string> apt(const std::string& program, const std::vector<std::string>& arguments,
                        const std::string& directory, std::chrono::milliseconds deadline) {
    // Root would drop to the user _apt for downloads, who may not write to the cache.
    std::vector<std::string> command = {"env", "LC_ALL=C",          program, "-o", "APT::Sandbox::User=root",
                                        "-o",  "Acquire::Retries=2"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const Output output = TRY(context(run(command, deadline, {}, directory), "asking apt for packages"));
    if (output.status == 127) return fail(program + " is not on this machine: the packages come from Debian by apt");
    if (output.status != 0) return tl::unexpected(explain_apt(output.err, have_package_lists()));
    return output.out;
}

} // namespace

Error explain_apt(std::string_view complaint, bool have_lists) {
    const auto has = [&](std::string_view text) { return complaint.find(text) != std::string_view::npos; };
    Error error;
    if (has("No space left") || has("enough free space")) {
        error = {"no space left for the package cache: free some on its disk, or set XDG_CACHE_HOME to another one",
                 ENOSPC};
    } else if (!have_lists) {
        error.message = "apt has no package lists: run `apt-get update` as root first";
    } else if (has("Unable to locate package") || has("No packages found")) {
        error.message = "apt does not know a package: check its name, or run `apt-get update` as root (Debian 12's "
                        "\"main\" is needed)";
    } else if (has("404 ") || has("Hash Sum mismatch") || has("Can't find a source")) {
        error.message = "apt's package lists are out of date: run `apt-get update` as root and try again";
    } else if (has("Temporary failure resolving") || has("Could not resolve") || has("Could not connect") ||
               has("Unable to connect") || has("timed out") || has("Network is unreachable")) {
        error.message = "the package server cannot be reached: check the network and apt's proxy settings";
    } else {
        error.message = "apt failed";
    }
    std::size_t lines = 0;
    for (const std::string_view line : split(complaint, '\n')) { // apt's own errors; the rest is progress
        if (line.starts_with("E: ") && ++lines <= 4) error.message += "\n  apt: " + printable(line.substr(3), 200);
    }
    return error;
}

Status apt_download(const std::vector<std::string>& packages, const std::string& directory) {
    std::vector<std::string> arguments = {"download", "-qq"};
    arguments.insert(arguments.end(), packages.begin(), packages.end());
    TRY(apt("apt-get", arguments, directory, download_time));
    return {};
}

Result<std::map<std::string, std::string>> apt_versions(const std::vector<std::string>& packages,
                                                        const std::string& directory) {
    std::vector<std::string> arguments = {"download", "--print-uris", "-qq"};
    arguments.insert(arguments.end(), packages.begin(), packages.end());
    std::map<std::string, std::string> versions;
    const std::string answer = TRY(apt("apt-get", arguments, directory, question_time));
    for (const std::string_view line : split(answer, '\n')) {
        const auto parts = words(line); // 'URI' NAME_VERSION_ARCHITECTURE.deb SIZE HASH
        const auto fields = split(parts.size() >= 3 ? parts[1] : std::string_view(), '_');
        if (fields.size() == 3) versions.emplace(fields[0], fields[1]);
    }
    return versions;
}

Result<std::vector<std::string>> apt_depends(const std::string& package) {
    std::vector<std::string> needed;
    const std::string answer = TRY(apt("apt-cache", {"depends", "--important", package}, {}, question_time));
    for (const std::string_view line : split(answer, '\n')) {
        const auto parts = words(line);
        if (parts.size() == 2 && (parts[0] == "Depends:" || parts[0] == "|Depends:")) needed.emplace_back(parts[1]);
    }
    return needed;
}

} // namespace bulkhead::image
