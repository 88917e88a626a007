#include "agent/backend_path.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace bulkhead::agent {
namespace {

constexpr unsigned domid_max = 0x7ff0 - 1; // below DOMID_FIRST_RESERVED of xen.h
constexpr unsigned device_max = 999'999;   // "vif32751.999999" has the 15 characters that a link name may have

// Nodes whose change may call for action. netback alone writes a dozen others.
constexpr std::array<std::string_view, 7> watched_nodes = {"state",  "online", "bridge",        "vifname",
                                                           "handle", "mtu",    "hotplug-status"};

std::optional<unsigned> parse_id(std::string_view text, unsigned max) {
    if (text.size() > 1 && text.front() == '0') return std::nullopt;
    const auto value = parse_unsigned(text, max);
    if (!value) return std::nullopt;
    return static_cast<unsigned>(*value);
}

} // namespace

std::string VifId::path() const {
    return "backend/vif/" + std::to_string(frontend) + "/" + std::to_string(device);
}

std::string VifId::frontend_path() const {
    return "/local/domain/" + std::to_string(frontend) + "/device/vif/" + std::to_string(device);
}

std::string VifId::rules_path() const {
    return std::string(rules_root) + "/" + std::to_string(frontend) + "/" + std::to_string(device);
}

std::string VifId::link_name(unsigned handle) const {
    return "vif" + std::to_string(frontend) + "." + std::to_string(handle);
}

std::optional<unsigned> parse_frontend(std::string_view text) {
    return parse_id(text, domid_max);
}

std::optional<VifId> parse_vif_id(std::string_view frontend, std::string_view device) {
    const auto front = parse_frontend(frontend);
    const auto dev = parse_id(device, device_max);
    if (!front || !dev) return std::nullopt;
    return VifId{*front, *dev};
}

BackendEvent parse_backend_event(std::string_view path) {
    using Scope = BackendEvent::Scope;
    const auto parts = split(path, '/');
    const bool rules = path.starts_with(rules_root) && parts.size() >= 2 && parts[1] == "fence";
    if ((parts[0] != "backend" && !rules) || parts.size() > (rules ? 4U : 5U)) return {};
    if (parts.size() == 1) return {Scope::all, {}};
    if (parts[1] != "vif" && !rules) return {};
    if (parts.size() == 2) return {Scope::all, {}};
    const auto frontend = parse_frontend(parts[2]);
    if (!frontend) return {};
    if (parts.size() == 3) return {Scope::frontend, {*frontend, 0}};
    const auto id = parse_vif_id(parts[2], parts[3]);
    if (!id) return {};
    if (parts.size() == 5 && std::find(watched_nodes.begin(), watched_nodes.end(), parts[4]) == watched_nodes.end()) {
        return {};
    }
    return {Scope::vif, *id};
}

} // namespace bulkhead::agent
