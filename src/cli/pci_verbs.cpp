#include "cli/verb.hpp"

#include "cli/client.hpp"
#include "cli/order.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

Result<int> assignable_list(const Arguments& arguments) {
    const json answer = TRY(ask("pci-assignable-list", json::object()));
    if (arguments.has("json")) {
        print_json(answer["devices"]);
        return 0;
    }
    for (const json& device : answer["devices"]) {
        // xl prints the space even without a name.
        std::printf("%s %s\n", device.value("address", "").c_str(),
                    arguments.has("show-names") ? device.value("name", "").c_str() : "");
    }
    return 0;
}

Result<int> assignable_add(const Arguments& arguments) {
    const json request = {{"device", arguments.positional()[0]}, {"name", arguments.value("name").value_or("")}};
    return order("pci-assignable-add", request, arguments);
}

Result<int> assignable_remove(const Arguments& arguments) {
    const json request = {{"device", arguments.positional()[0]}, {"rebind", arguments.has("rebind")}};
    return order("pci-assignable-remove", request, arguments);
}

Result<int> list_devices(const Arguments& arguments) {
    const json answer = TRY(ask("pci-list", {{"domain", arguments.positional()[0]}}));
    if (arguments.has("json")) {
        print_json(answer["devices"]);
        return 0;
    }
    std::printf("Vdev Device\n");
    for (const json& device : answer["devices"]) {
        std::printf("%02x.%01x %s\n", device.value("slot", 0U), device.value("function", 0U),
                    device.value("address", "").c_str());
    }
    return 0;
}

Result<int> attach_device(const Arguments& arguments) {
    return order("pci-attach", {{"domain", arguments.positional()[0]}, {"device", arguments.positional()[1]}},
                 arguments);
}

Result<int> detach_device(const Arguments& arguments) {
    const json request = {{"domain", arguments.positional()[0]},
                          {"device", arguments.positional()[1]},
                          {"force", arguments.has("force")}};
    return order("pci-detach", request, arguments);
}

} // namespace

const std::vector<Verb>& pci_verbs() {
    static const std::vector<Verb> verbs = {
        {"pci-assignable-list",
         "",
         "List the PCI devices that domains can have",
         "",
         {{'n', "show-names", nullptr, "the names given by pci-assignable-add too"}, json_option},
         0,
         0,
         assignable_list},
        {"pci-assignable-add",
         "ADDRESS",
         "Take a PCI device from dom0 so that a domain can have it",
         "ADDRESS is as lspci prints it: 0000:00:02.0 or 00:02.0. dom0's driver lets the device go; it is remembered "
         "for pci-assignable-remove -r.",
         {{'n', "name", "NAME", "a name for the device"}, json_option},
         1,
         1,
         assignable_add},
        {"pci-assignable-remove",
         "ADDRESS|NAME",
         "Give an assignable PCI device back to dom0",
         "",
         {{'r', "rebind", nullptr, "to the driver that it was taken from"}, json_option},
         1,
         1,
         assignable_remove},
        {"pci-list", "DOMAIN", "List the PCI devices that a domain has", "", {json_option}, 1, 1, list_devices},
        {"pci-attach",
         "DOMAIN ADDRESS[,OPTION...]",
         "Give a PCI device to a running domain",
         "",
         {json_option},
         2,
         2,
         attach_device},
        {"pci-detach",
         "DOMAIN ADDRESS",
         "Take a PCI device from a domain",
         "",
         {{'f', "force", nullptr, "without waiting for the guest"}, json_option},
         2,
         2,
         detach_device},
    };
    return verbs;
}

} // namespace bulkhead::cli
