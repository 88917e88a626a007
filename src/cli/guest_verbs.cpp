#include "cli/verb.hpp"

#include "cli/client.hpp"
#include "cli/order.hpp"
#include "cli/viewer.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

Result<int> trigger(const Arguments& arguments) {
    const auto& words = arguments.positional();
    json request = {{"domain", words[0]}, {"trigger", words[1]}};
    if (words.size() > 2) request["vcpu"] = words[2];
    return order("trigger", request, arguments);
}

Result<int> button_press(const Arguments& arguments) {
    const auto& words = arguments.positional();
    if (words[1] != "power" && words[1] != "sleep")
        return usage_error("button-press: the button must be power or sleep, not '" + words[1] + "'");
    return order("trigger", {{"domain", words[0]}, {"trigger", words[1]}}, arguments);
}

Result<int> sysrq(const Arguments& arguments) {
    return order("sysrq", {{"domain", arguments.positional()[0]}, {"letter", arguments.positional()[1]}}, arguments);
}

Result<int> dump_core(const Arguments& arguments) {
    std::error_code error;
    const auto path = std::filesystem::absolute(arguments.positional()[1], error);
    if (error) return fail(arguments.positional()[1] + ": " + error.message());
    return order("dump-core", {{"domain", arguments.positional()[0]}, {"file", path.string()}}, arguments);
}

Result<int> vncviewer(const Arguments& arguments) {
    const std::string& domain = arguments.positional()[0];
    if (!arguments.has("json")) return run_viewer(domain, wants_autopass(arguments));
    const VncAddress found = TRY(vnc_address(domain));
    print_json(json{{"address", found.text}, {"host", found.host}, {"port", found.port}});
    return 0;
}

Result<int> vtpm_list(const Arguments& arguments) {
    const json answer = TRY(ask("vtpm-list", {{"domains", arguments.positional()}}));
    if (arguments.has("json")) {
        print_json(answer["vtpms"]);
        return 0;
    }
    std::printf("%-3s %-2s %-36s %-6s %-5s %-6s %-5s %-10s\n", "Idx", "BE", "Uuid", "handle", "state", "evt-ch",
                "ring-ref", "BE-path");
    for (const json& vtpm : answer["vtpms"]) {
        std::printf("%-3d %-2u %s %6d %5d %6d %8d %-30s\n", vtpm.value("devid", 0), vtpm.value("backend_domain", 0U),
                    vtpm.value("uuid", "").c_str(), vtpm.value("devid", 0), vtpm.value("state", 0),
                    vtpm.value("event_channel", 0), vtpm.value("ring_reference", 0), vtpm.value("backend", "").c_str());
    }
    return 0;
}

// The columns of xl channel-list, whose heading has no word for the last one.
Result<int> channel_list(const Arguments& arguments) {
    const json answer = TRY(ask("channel-list", {{"domains", arguments.positional()}}));
    if (arguments.has("json")) {
        print_json(answer["channels"]);
        return 0;
    }
    std::printf("%-3s %-2s %-5s %-6s %8s %-10s %-30s\n", "Idx", "BE", "state", "evt-ch", "ring-ref", "connection", "");
    for (const json& channel : answer["channels"]) {
        std::printf("%-3d %-2u %-5d %-6d %-8d %-10s %-30s\n", channel.value("devid", 0),
                    channel.value("backend_domain", 0U), channel.value("state", 0), channel.value("event_channel", 0),
                    channel.value("ring_reference", 0), channel.value("connection", "").c_str(),
                    channel.value("pty", "").c_str());
    }
    return 0;
}

Result<int> monitor_command(const Arguments& arguments) {
    const auto& words = arguments.positional();
    const json answer = TRY(ask("qemu-monitor-command", {{"domain", words[0]}, {"command", words[1]}}));
    if (arguments.has("json"))
        print_json(answer);
    else
        std::printf("%s\n", answer.value("answer", "").c_str());
    return 0;
}

} // namespace

const std::vector<Verb>& guest_verbs() {
    static const std::vector<Verb> verbs = {
        {"trigger",
         "DOMAIN nmi|reset|init|power|sleep|s3resume [VCPU]",
         "Send a trigger to a virtual processor",
         "",
         {json_option},
         2,
         3,
         trigger},
        {"button-press",
         "DOMAIN power|sleep",
         "Press a button of a guest; the same as trigger",
         "",
         {json_option},
         2,
         2,
         button_press},
        {"sysrq", "DOMAIN LETTER", "Send a magic system request to a Linux guest", "", {json_option}, 2, 2, sysrq},
        {"dump-core",
         "DOMAIN FILE",
         "Write a domain's memory to a file",
         "The file appears when it is whole; when something fails, or at Ctrl-C, nothing is left. bulkheadd writes it.",
         {json_option},
         2,
         2,
         dump_core},
        {"vncviewer",
         "DOMAIN",
         "Open a guest's screen with vncviewer, or what VNCVIEWER names",
         "",
         {{0, "autopass", nullptr, "give the viewer the password on its standard input"},
          {0, "vncviewer-autopass", nullptr, "the same"},
          {0, "json", nullptr, "print the address only"}},
         1,
         1,
         vncviewer},
        {"vtpm-list", "DOMAIN...", "List virtual TPMs", "", {json_option}, 1, any_number, vtpm_list},
        {"channel-list",
         "DOMAIN...",
         "List channels: consoles with names",
         "",
         {json_option},
         1,
         any_number,
         channel_list},
        {"qemu-monitor-command",
         "DOMAIN COMMAND",
         "Give a command to the device model of an HVM domain",
         "COMMAND is one argument, in the words of QEMU's human monitor: 'info block'. What it changes bulkheadd does "
         "not learn.",
         {json_option},
         2,
         2,
         monitor_command},
    };
    return verbs;
}

} // namespace bulkhead::cli
