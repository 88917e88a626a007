#include "cli/verb.hpp"

#include "base/log.hpp"
#include "cli/client.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

std::string time_text(std::int64_t milliseconds) {
    const std::time_t seconds = milliseconds / 1000;
    struct tm local {};
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", ::localtime_r(&seconds, &local));
    return text;
}

std::string seconds_text(const json& milliseconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f s", milliseconds.is_number() ? milliseconds.get<double>() / 1000 : 0.0);
    return text;
}

// "created 1.20 s, boot 3.10 s"
std::string steps_text(const json& steps) {
    std::string text;
    for (const auto& [name, took] : steps.items()) {
        if (!text.empty()) text += ", ";
        text.append(name).append(" ").append(seconds_text(took));
    }
    return text;
}

std::string event_text(const json& event) {
    std::string what = event.value("event", "");
    const auto found = event.find("detail");
    if (found == event.end() || !found->is_object()) return what; // a damaged journal
    const json& detail = *found;
    if (what == "died") return "died: " + detail.value("cause", "");
    if (what == "returned") {
        const auto blocked = detail.value("blocked_dma", 0U);
        return "returned after " + seconds_text(detail["milliseconds"]) + " (" + detail.value("cause", "") + ": " +
               (detail.value("from_spare", false) ? "spare, " : "") + steps_text(detail["steps"]) +
               "; vifs: " + std::to_string(detail["vifs"].size()) +
               (blocked > 0 ? "; DMA blocked by the IOMMU: " + std::to_string(blocked) : "") + ")";
    }
    if (what == "not-returned") return "did not return: " + detail.value("error", "");
    if (what == "gave-up") return "gave up: it stays down";
    if (what == "progress") return detail.value("text", "");
    if (what == "no-spare") return "no spare: " + detail.value("error", "");
    if (what == "failed") return detail.value("agent", "failed");
    return what;
}

void print_event(const json& event) {
    std::printf("%s  %-16s  %s\n", time_text(event.value("at", std::int64_t{0})).c_str(),
                event.value("name", "").c_str(), event_text(event).c_str());
    std::fflush(stdout);
}

Result<int> list_driver_domains(const Arguments& arguments) {
    const json answer = TRY(ask("driverdomain-list", json::object()));
    const json& domains = answer["driver_domains"];
    if (arguments.has("json")) {
        print_json(domains);
        return 0;
    }
    std::printf("%-24s %5s  %-10s %-12s %s\n", "Name", "ID", "State", "Supervise", "Agent");
    for (const json& domain : domains) {
        std::printf("%-24s %5u  %-10s %-12s %s\n", domain.value("name", "").c_str(), domain.value("id", 0U),
                    domain.value("state", "").c_str(), domain.value("supervise", "").c_str(),
                    domain.value("agent", "").c_str());
    }
    return 0;
}

Result<int> show(const Arguments& arguments) {
    const json answer = TRY(ask("driverdomain-show", {{"domain", arguments.positional()[0]}}));
    if (arguments.has("json")) {
        print_json(answer);
        return 0;
    }
    std::printf("%s (id %u, %s)\n", answer.value("name", "").c_str(), answer.value("id", 0U),
                answer.value("uuid", "").c_str());
    std::printf("  state              %s (agent: %s)\n", answer.value("state", "").c_str(),
                answer.value("agent", "").c_str());
    std::printf("  supervise          %s, heartbeat timeout %d s, %d deaths of late\n",
                answer.value("supervise", "").c_str(), answer.value("heartbeat_timeout", 0),
                answer.value("recent_deaths", 0));
    const json quota = answer.value("quota", json::object());
    for (const char* what : {"nodes", "watches"}) {
        if (!quota.contains(what)) continue;
        std::printf("  xenstore %-9s %u of %u\n", what, quota[what].value("used", 0U), quota[what].value("limit", 0U));
    }
    if (quota.contains("room_for_vifs"))
        std::printf("  room for           %u more vifs\n", quota.value("room_for_vifs", 0U));
    std::printf("Clients\n");
    for (const json& vif : answer["vifs"]) {
        std::printf("  %-10s %-20s %s  %-10s %s\n", vif.value("vif", "").c_str(),
                    vif.value("client_name", std::to_string(vif.value("client", 0U))).c_str(),
                    vif.value("mac", "").c_str(), vif.value("state", "").c_str(), vif.value("reason", "").c_str());
    }
    if (answer["vifs"].empty()) std::printf("  none\n");
    std::printf("History\n");
    for (const json& event : answer["history"]) {
        std::printf("  %s  %s\n", time_text(event.value("at", std::int64_t{0})).c_str(), event_text(event).c_str());
    }
    return 0;
}

Result<int> replace(const Arguments& arguments, std::vector<std::string> overrides) {
    const json answer =
        TRY(ask("driverdomain-restart", {{"domain", arguments.positional()[0]}, {"overrides", overrides}}));
    if (arguments.has("json")) {
        print_json(answer);
        return 0;
    }
    log::info("'" + arguments.positional()[0] + "' is back after " + seconds_text(answer["milliseconds"]) + " (" +
              steps_text(answer["steps"]) + ")");
    for (const json& vif : answer["vifs"]) {
        log::info(vif.value("vif", "") + ": " + vif.value("state", "") +
                  (vif.contains("reason") ? " (" + vif.value("reason", "") + ")" : ""));
    }
    return 0;
}

Result<int> restart(const Arguments& arguments) {
    return replace(arguments, {});
}

// A path as an xl.cfg string.
Result<std::string> assignment(const char* key, const std::string& file) {
    if (file.find_first_of("\"\n\\") != std::string::npos)
        return usage_error(file + ": a path with quotes, backslashes or line ends cannot stand in a configuration");
    if (::access(file.c_str(), R_OK) != 0) return fail_errno(file);
    char* const whole = ::realpath(file.c_str(), nullptr);
    if (whole == nullptr) return fail_errno(file);
    std::string text = std::string(key) + "=\"" + whole + "\"";
    std::free(whole); // NOLINT: realpath(3) gives it by malloc
    return text;
}

Result<int> upgrade(const Arguments& arguments) {
    std::vector<std::string> overrides;
    for (const char* key : {"kernel", "ramdisk"}) {
        if (const auto file = arguments.value(key)) overrides.push_back(TRY(assignment(key, *file)));
    }
    if (overrides.empty()) return usage_error("say what is new: --kernel FILE, --ramdisk FILE or both");
    return replace(arguments, overrides);
}

Result<int> events(const Arguments& arguments) {
    Client client = TRY(Client::open());
    const bool as_json = arguments.has("json");
    client.on_progress([as_json](const std::string& text) {
        if (as_json) {
            std::puts(text.c_str());
            std::fflush(stdout);
            return;
        }
        const json event = json::parse(text, nullptr, false);
        if (event.is_object()) print_event(event);
    });
    const auto& words = arguments.positional();
    TRY(client.call("driverdomain-events",
                    {{"domain", words.empty() ? "" : words[0]}, {"follow", arguments.has("follow")}}));
    return 0;
}

} // namespace

const std::vector<Verb>& driverdomain_verbs() {
    static const std::vector<Verb> verbs = {
        {"driverdomain list",
         "",
         "List the driver domains and how they are",
         "",
         {json_option},
         0,
         0,
         list_driver_domains},
        {"driverdomain show",
         "DOMAIN",
         "Show a driver domain, its clients and its deaths",
         "",
         {json_option},
         1,
         1,
         show},
        {"driverdomain restart",
         "DOMAIN",
         "Replace a driver domain by a fresh one; its clients keep their connections",
         "It is destroyed and made again with the same domain id, and takes over the rings of its clients. One that "
         "stays down after too many deaths is started by this, too.",
         {json_option},
         1,
         1,
         restart},
        {"driverdomain upgrade",
         "DOMAIN [--kernel FILE] [--ramdisk FILE]",
         "Replace a driver domain by one with a new image; its clients keep their connections",
         "The new files stay in force for later returns, too. If the new one does not become ready, the old one is "
         "brought back and the command fails.",
         {{0, "kernel", "FILE", "the new kernel"}, {0, "ramdisk", "FILE", "the new initramfs"}, json_option},
         1,
         1,
         upgrade},
        {"driverdomain events",
         "[DOMAIN]",
         "Print what happened to the driver domains",
         "",
         {{'f', "follow", nullptr, "go on printing as it happens"},
          {0, "json", nullptr, "print JSON, one object a line"}},
         0,
         1,
         events},
    };
    return verbs;
}

} // namespace bulkhead::cli
