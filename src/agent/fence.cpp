#include "agent/fence.hpp"

#include <algorithm>
#include <cerrno>

namespace bulkhead::agent {

Status Fence::set(const VifId& id, net::FencePort port) {
    const auto owner = names_.find(port.name);
    if (port.name == uplink_ || (owner != names_.end() && !(owner->second == id))) {
        forget(id);
        return fail("the name '" + port.name + "' is taken by another network link of this driver domain", EEXIST);
    }
    const auto now = wanted_.find(id);
    if (now != wanted_.end() && now->second == port) return {};
    forget(id);
    names_.emplace(port.name, id);
    wanted_.emplace(id, std::move(port));
    changed_ = true;
    return {};
}

void Fence::forget(const VifId& id) {
    const auto at = wanted_.find(id);
    if (at == wanted_.end()) return;
    names_.erase(at->second.name);
    wanted_.erase(at);
    changed_ = true;
}

void Fence::set_uplink(const std::string& name) {
    if (name == uplink_) return;
    uplink_ = name;
    changed_ = true;
    const auto owner = names_.find(name);
    if (owner != names_.end()) forget(VifId(owner->second));
}

std::vector<net::FencePort> Fence::ports() const {
    std::vector<net::FencePort> ports;
    const bool needed = std::any_of(wanted_.begin(), wanted_.end(), [](const auto& vif) { return !vif.second.none(); });
    if (!needed) return ports;
    if (!uplink_.empty()) {
        ports.emplace_back().name = uplink_;
        ports.back().uplink = true;
    }
    for (const auto& [id, port] : wanted_) ports.push_back(port);
    return ports;
}

Status Fence::install() {
    changed_ = false;
    const std::vector<net::FencePort> wanted = ports();
    if (!wanted.empty()) {
        if (wanted == in_force_) return {};
        TRY(apply_(net::fence_rules(wanted, net::Others::nobody)));
        in_force_ = wanted;
        return {};
    }
    // Also what an earlier agent may have left; a kernel without nf_tables has nothing to remove.
    Status removed = apply_(net::no_fence());
    if (!removed && !in_force_.empty()) return removed;
    in_force_.clear();
    return {};
}

bool Fence::covers(const VifId& id, const std::string& name) const {
    const auto vif = wanted_.find(id);
    if (vif == wanted_.end() || vif->second.name != name) return false;
    if (in_force_.empty()) return vif->second.none();
    return std::find(in_force_.begin(), in_force_.end(), vif->second) != in_force_.end();
}

} // namespace bulkhead::agent
