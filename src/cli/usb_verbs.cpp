#include "cli/verb.hpp"

#include "base/text.hpp"
#include "cli/client.hpp"
#include "cli/order.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

// The words behind the domain, as one item of usbctrl= or usbdev= in xl.cfg(5).
std::string item(const Arguments& arguments) {
    const auto& words = arguments.positional();
    return join(std::vector<std::string>(words.begin() + 1, words.end()), ",");
}

// xl(1) writes controller=0 and takes 0.
std::string value_of(const std::string& word, const std::string& key) {
    return word.starts_with(key + "=") ? word.substr(key.size() + 1) : word;
}

Result<int> list_controllers(const Arguments& arguments) {
    const json answer = TRY(ask("usb-list", {{"domain", arguments.positional()[0]}}));
    if (arguments.has("json")) {
        print_json(answer["controllers"]);
        return 0;
    }
    for (const json& controller : answer["controllers"]) { // as xl prints them
        std::printf("%-6s %-12s %-3s %-5s %-7s %-5s\n", "Devid", "Type", "BE", "state", "usb-ver", "ports");
        const unsigned ports = controller.value("ports", 0U);
        std::printf("%-6u %-12s %-3u %-5d %-7d %-5u\n", controller.value("devid", 0U),
                    controller.value("type", "").c_str(), controller.value("backend_domain", 0U),
                    controller.value("state", 0), controller.value("version", 0), ports);
        for (unsigned port = 1; port <= ports; ++port) {
            std::printf("  Port %u:", port);
            for (const json& device : controller["devices"]) {
                if (device.value("port", 0U) == port)
                    std::printf(" Bus %03x Device %03x", device.value("hostbus", 0U), device.value("hostaddr", 0U));
            }
            std::printf("\n");
        }
    }
    return 0;
}

Result<int> attach_controller(const Arguments& arguments) {
    return order("usbctrl-attach", {{"domain", arguments.positional()[0]}, {"controller", item(arguments)}}, arguments);
}

Result<int> detach_controller(const Arguments& arguments) {
    return order("usbctrl-detach", {{"domain", arguments.positional()[0]}, {"devid", arguments.positional()[1]}},
                 arguments);
}

Result<int> attach_usb(const Arguments& arguments) {
    return order("usbdev-attach", {{"domain", arguments.positional()[0]}, {"device", item(arguments)}}, arguments);
}

Result<int> detach_usb(const Arguments& arguments) {
    const auto& words = arguments.positional();
    const json request = {
        {"domain", words[0]}, {"controller", value_of(words[1], "controller")}, {"port", value_of(words[2], "port")}};
    return order("usbdev-detach", request, arguments);
}

} // namespace

const std::vector<Verb>& usb_verbs() {
    static const std::vector<Verb> verbs = {
        {"usb-list",
         "DOMAIN",
         "List the USB controllers of a domain, and what is in their ports",
         "",
         {json_option},
         1,
         1,
         list_controllers},
        {"usbctrl-attach",
         "DOMAIN [KEY=VALUE...]",
         "Give a USB controller to a running domain",
         "As usbctrl= in xl.cfg(5): type=auto|pv|qusb|devicemodel, version=1|2|3, ports=NUMBER. It goes when the "
         "domain "
         "ends or reboots.",
         {json_option},
         1,
         any_number,
         attach_controller},
        {"usbctrl-detach",
         "DOMAIN DEVID",
         "Take a USB controller from a domain, with what is in its ports",
         "",
         {json_option},
         2,
         2,
         detach_controller},
        {"usbdev-attach",
         "DOMAIN hostbus=BUS hostaddr=ADDRESS [KEY=VALUE...]",
         "Give one of the host's USB devices to a running domain",
         "As usbdev= in xl.cfg(5); BUS and ADDRESS as lsusb prints them. controller=DEVID and port=NUMBER choose a "
         "port; "
         "otherwise it is the first that is free, of a controller that is made if there is none.",
         {json_option},
         2,
         any_number,
         attach_usb},
        {"usbdev-detach", "DOMAIN DEVID PORT", "Take a USB device from a domain", "", {json_option}, 3, 3, detach_usb},
    };
    return verbs;
}

} // namespace bulkhead::cli
