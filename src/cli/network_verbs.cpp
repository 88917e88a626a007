#include "cli/verb.hpp"

#include "base/log.hpp"
#include "cli/client.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

Result<int> attach(const Arguments& arguments) {
    const auto& words = arguments.positional();
    const json request = {{"domain", words[0]}, {"vif", std::vector<std::string>(words.begin() + 1, words.end())}};
    if (arguments.has("dryrun")) {
        std::printf("vif: %s\n", TRY(ask("network-attach-dry-run", request)).value("text", "").c_str());
        return 0;
    }
    const json nic = TRY(ask("network-attach", request));
    if (arguments.has("json"))
        print_json(nic);
    else
        log::info("vif " + std::to_string(nic.value("devid", 0U)) + " connected, mac " + nic.value("mac", ""));
    return 0;
}

Result<int> list_vifs(const Arguments& arguments) {
    const json answer = TRY(ask("network-list", {{"domains", arguments.positional()}}));
    if (arguments.has("json")) {
        print_json(answer["domains"]);
        return 0;
    }
    // xl's columns.
    std::printf("%-3s %-2s %-17s %-6s %-5s %-6s %5s/%-5s %-30s\n", "Idx", "BE", "Mac Addr.", "handle", "state",
                "evt-ch", "tx-", "rx-ring-ref", "BE-path");
    for (const json& domain : answer["domains"]) {
        for (const json& nic : domain["nics"]) {
            std::printf("%-3u %-2u %s%6u %5d %6d %5d/%-11d %-30s\n", nic.value("devid", 0U),
                        nic.value("backend_domain", 0U), nic.value("mac", "").c_str(), nic.value("devid", 0U),
                        nic.value("state", 0), nic.value("event_channel", 0), nic.value("tx_ring", 0),
                        nic.value("rx_ring", 0), nic.value("backend", "").c_str());
        }
        for (const json& vif : domain["pending"]) {
            std::printf("%-3u waits for driver domain %s\n", vif.value("devid", 0U), vif.value("backend", "").c_str());
        }
    }
    return 0;
}

Result<int> detach(const Arguments& arguments) {
    const json gone =
        TRY(ask("network-detach", {{"domain", arguments.positional()[0]}, {"vif", arguments.positional()[1]}}));
    if (arguments.has("json")) print_json(gone);
    return 0;
}

} // namespace

const std::vector<Verb>& network_verbs() {
    static const std::vector<Verb> verbs = {
        {"network-attach",
         "DOMAIN [KEY=VALUE...]",
         "Give a domain a network interface",
         "Keys as in xl-network-configuration(5): mac, bridge, backend (a driver domain), script, ip, vifname, "
         "gatewaydev, rate, mtu, model, type, devid; separated by spaces or commas. It returns when both ends are "
         "connected; otherwise the interface is removed again and the error is the driver domain's own, or says which "
         "side is missing.",
         {{'n', "dryrun", nullptr, "only print what would be added, as JSON"}, json_option},
         1,
         any_number,
         attach},
        {"network-list",
         "[DOMAIN...]",
         "List domains' network interfaces",
         "",
         {json_option},
         0,
         any_number,
         list_vifs},
        {"network-detach", "DOMAIN NUMBER|MAC", "Remove a network interface", "", {json_option}, 2, 2, detach},
    };
    return verbs;
}

} // namespace bulkhead::cli
