#include "agent/vif_plan.hpp"

#include "base/text.hpp"

namespace bulkhead::agent {
namespace {

constexpr unsigned mtu_default = 1500;
constexpr unsigned mtu_min = 68;    // RFC 791; ETH_MIN_MTU of Linux
constexpr unsigned mtu_max = 65535; // netback's limit is a little lower: the kernel then refuses with its own text

// "vif" NUMBER "." NUMBER: a name that netback may need for another client.
bool kernel_vif_name(std::string_view name) {
    if (!name.starts_with("vif")) return false;
    const std::size_t dot = name.find('.');
    return dot != std::string_view::npos && parse_vif_id(name.substr(3, dot - 3), name.substr(dot + 1)).has_value();
}

VifPlan refuse(std::string why) {
    VifPlan plan;
    plan.refusal = std::move(why);
    return plan;
}

} // namespace

std::optional<BackendState> parse_state(std::string_view text) {
    const auto value = parse_unsigned(text, 8);
    if (!value) return std::nullopt;
    return static_cast<BackendState>(*value);
}

const std::string& wanted_bridge(const VifRequest& request, const std::string& own_bridge) {
    return request.bridge.empty() ? own_bridge : request.bridge;
}

VifPlan plan_vif(const VifRequest& request, const VifLinks& links, const std::string& own_bridge) {
    const std::string& bridge = wanted_bridge(request, own_bridge);
    if (!links.bridge) {
        return refuse("bridge '" + printable(bridge, 64) + "' does not exist in this driver domain; it has: " +
                      (links.bridges.empty() ? "none" : join(links.bridges, ", ")));
    }
    if (links.bridge->kind != "bridge") {
        return refuse("'" + printable(bridge, 64) +
                      "' is a network link of this driver domain but not a bridge; it has: " +
                      (links.bridges.empty() ? "none" : join(links.bridges, ", ")));
    }
    const std::string& name = request.vifname.empty() ? links.kernel_name : request.vifname;
    if (name != links.kernel_name) {
        const std::string what = "vifname '" + printable(name, 64) + "' ";
        if (!net::valid_link_name(name)) {
            return refuse(what + "is not a name for a network link: use 1 to 15 characters, no '/', ':', '%' or space");
        }
        if (kernel_vif_name(name)) return refuse(what + "is kept for another client's vif: choose another name");
        if (links.namesake || name == own_bridge || name == "lo") {
            return refuse(what + "is taken by another network link of this driver domain: choose another name");
        }
    }
    VifPlan plan;
    plan.mtu = mtu_default;
    if (!request.mtu.empty()) {
        const auto mtu = parse_unsigned(request.mtu, mtu_max);
        if (!mtu || *mtu < mtu_min) {
            return refuse("mtu '" + printable(request.mtu, 32) + "' is not a number from " + std::to_string(mtu_min) +
                          " to " + std::to_string(mtu_max));
        }
        plan.mtu = static_cast<unsigned>(*mtu);
    }

    const net::Link& device = links.device;
    net::LinkChange change;
    bool differs = false;
    const auto want = [&differs](auto& field, const auto& now, const auto& wanted) {
        if (now == wanted) return;
        field = wanted;
        differs = true;
    };
    want(change.mac, device.mac, net::vif_mac);
    want(change.mtu, device.mtu, plan.mtu);
    want(change.name, device.name, name);
    // Under another name the alias is how a restarted agent recognises the vif.
    if (name != links.kernel_name) want(change.alias, device.alias, links.kernel_name);
    want(change.master, device.master, links.bridge->index);
    if (device.up && (change.mac || change.name)) {
        plan.before.emplace();
        plan.before->up = false;
        change.up = true;
    } else {
        want(change.up, device.up, true);
    }
    if (differs) plan.change = std::move(change);
    return plan;
}

} // namespace bulkhead::agent
