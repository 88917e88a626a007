#include "driverdomain/client_vifs.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

namespace bulkhead::driverdomain {
namespace {

constexpr unsigned domid_max = 0x7fef; // below DOMID_FIRST_RESERVED, xen/public/xen.h
constexpr unsigned devid_max = 0xffff;

std::optional<unsigned> number(std::string_view text, unsigned most) {
    const auto value = parse_unsigned(text, most);
    if (!value || std::to_string(*value) != text) return std::nullopt; // "07" is not 7's record
    return static_cast<unsigned>(*value);
}

Result<std::vector<std::string>> children(xen::Store& store, const std::string& path) {
    auto names = store.list(path);
    if (!names && names.error().code == ENOENT) return std::vector<std::string>();
    return names;
}

// Not part of what is written again: where the ends are, and the changing state.
bool is_state(std::string_view key) {
    return key == "frontend" || key == "backend" || key == "state" || key == "online" || key == "hotplug-status" ||
           key == "hotplug-error";
}

Result<std::optional<ClientVif>> read_vif(xen::Store& store, unsigned client, unsigned devid, unsigned server) {
    ClientVif vif;
    vif.client = client;
    vif.devid = devid;
    vif.server = server;
    const std::string numbers = std::to_string(client) + "/" + std::to_string(devid);
    vif.record = "/libxl/" + std::to_string(client) + "/device/vif/" + std::to_string(devid);
    vif.frontend = "/local/domain/" + std::to_string(client) + "/device/vif/" + std::to_string(devid);
    vif.backend = "/local/domain/" + std::to_string(server) + "/backend/vif/" + numbers;
    std::vector<std::string> keys = TRY(children(store, vif.record));
    std::erase_if(keys, is_state);
    std::vector<std::string> paths = {vif.record + "/backend", vif.record + "/frontend"};
    for (const std::string& key : keys) paths.push_back(vif.record + "/" + key);
    std::vector<std::optional<std::string>> values = TRY(store.read_each(paths));
    if (values[0] != vif.backend || values[1] != vif.frontend) return std::nullopt;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (auto& value = values[i + 2]) vif.nodes.emplace_back(keys[i], std::move(*value));
    }
    return vif;
}

} // namespace

std::string ClientVif::name() const {
    return "vif" + std::to_string(client) + "." + std::to_string(devid);
}

std::string ClientVif::node(std::string_view key) const {
    const auto found = std::find_if(nodes.begin(), nodes.end(), [key](const auto& node) { return node.first == key; });
    return found == nodes.end() ? "" : found->second;
}

Result<std::vector<ClientVif>> client_vifs(xen::Store& store, unsigned server) {
    std::vector<ClientVif> vifs;
    for (const std::string& domain : TRY(children(store, "/libxl"))) {
        const auto client = number(domain, domid_max);
        if (!client) continue;
        for (const std::string& device : TRY(children(store, "/libxl/" + domain + "/device/vif"))) {
            const auto devid = number(device, devid_max);
            if (!devid) continue;
            if (auto vif = TRY(read_vif(store, *client, *devid, server))) vifs.push_back(std::move(*vif));
        }
    }
    std::sort(vifs.begin(), vifs.end(), [](const ClientVif& a, const ClientVif& b) {
        return std::pair(a.client, a.devid) < std::pair(b.client, b.devid);
    });
    return vifs;
}

} // namespace bulkhead::driverdomain
