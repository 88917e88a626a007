#include "cli/lookup.hpp"

#include "cli/client.hpp"
#include "lab/place.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

using nlohmann::json;
using Names = std::vector<std::string>;

// A member of each object in a list of the daemon's answer. Numbers as text.
Names members(const json& list, const char* key) {
    Names names;
    for (const json& entry : list) {
        const auto found = entry.is_object() ? entry.find(key) : entry.end();
        if (found == entry.end()) continue;
        names.push_back(found->is_string() ? found->get<std::string>() : found->dump());
    }
    return names;
}

Names asked(const char* verb, const json& arguments, const char* list, const char* key) {
    auto client = Client::open();
    if (!client) return {};
    client->set_quiet(true);
    const auto answer = client->call(verb, arguments);
    return answer && answer->is_object() ? members(answer->value(list, json::array()), key) : Names{};
}

Names vifs_of(const std::string& domain) {
    auto client = Client::open();
    if (!client) return {};
    const auto answer = client->call("network-list", {{"domains", {domain}}});
    if (!answer || !answer->is_object()) return {};
    Names numbers;
    for (const json& found : answer->value("domains", json::array())) {
        if (!found.is_object()) continue;
        for (const char* list : {"nics", "pending"}) {
            for (std::string& number : members(found.value(list, json::array()), "devid"))
                numbers.push_back(std::move(number));
        }
    }
    return numbers;
}

Names dom0_devices() {
    Names addresses;
    std::error_code error;
    for (const auto& device : std::filesystem::directory_iterator("/sys/bus/pci/devices", error)) {
        const auto driver = std::filesystem::read_symlink(device.path() / "driver", error);
        if (driver.filename() != "pciback") addresses.push_back(device.path().filename().string());
    }
    return addresses;
}

Names look_up(Kind kind, const std::string& domain) {
    switch (kind) {
    case Kind::domain:
        return asked("list", {{"domains", json::array()}}, "domains", "name");
    case Kind::driver_domain:
        return asked("driverdomain-list", json::object(), "driver_domains", "name");
    case Kind::vif:
        return vifs_of(domain);
    case Kind::assignable:
        return asked("pci-assignable-list", json::object(), "devices", "address");
    case Kind::domain_pci:
        return asked("pci-list", {{"domain", domain}}, "devices", "address");
    case Kind::dom0_pci:
        return dom0_devices();
    case Kind::lab:
        return lab::lab_names().value_or(Names{});
    default:
        return {};
    }
}

} // namespace

int print_completions(std::string_view line) {
    // A person waits for the key's answer: a daemon that is busy, or stopped, is not waited for.
    std::signal(SIGALRM, [](int) { ::_exit(0); }); // NOLINT: cannot fail with these arguments
    ::alarm(1);
    const Completions found = complete(line, look_up);
    if (found.files || found.folders) std::puts(found.files ? ":files" : ":folders");
    for (const std::string& word : found.words) {
        // Names that a shell would have to quote are for the user to type.
        const bool plain = std::all_of(word.begin(), word.end(), [](unsigned char c) {
            return c > 0x20 && c < 0x7f &&
                   std::string_view("'\"\\$`&;|<>()*?[]{}!#~").find(static_cast<char>(c)) == std::string_view::npos;
        });
        if (plain) std::puts(word.c_str());
    }
    return 0;
}

} // namespace bulkhead::cli
