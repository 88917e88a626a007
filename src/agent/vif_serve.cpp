// What VifTable does for one vif: looks at xenstore and the kernel, decides (vif_plan.hpp), does it.
#include "agent/vif_table.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <cerrno>

namespace bulkhead::agent {

// What dom0 says about a vif, and the name that its port will have. Nothing here is the client's word: the rules lie
// where only dom0 writes, the rest in the backend directory.
Status VifTable::read_rules(const VifId& id) {
    const std::string path = id.path() + "/";
    const auto read = store_.read_each({path + "state", path + "handle", path + "vifname", id.rules_path()});
    if (!read) {
        fence_.forget(id);
        entry(id).rules_error = "its rules cannot be read: " + read.error().message;
        return xen::connection_failed(read.error()) ? Status(tl::unexpected(read.error())) : Status();
    }
    const auto& values = *read;
    if (!values[0]) { // it has gone, and its rules go
        fence_.forget(id);
        return {};
    }
    Vif& vif = entry(id);
    vif.rules = values[3].value_or("");
    vif.rules_error.clear();
    const auto handle = parse_vif_id(std::to_string(id.frontend), values[1].value_or(""));
    net::FencePort port;
    port.name = values[2].value_or("");
    if (port.name.empty()) port.name = id.link_name(handle ? handle->device : id.device);
    if (!net::valid_link_name(port.name)) {
        fence_.forget(id); // plan_vif() says it
        return {};
    }
    Status possible;
    if (auto rules = net::parse_port_rules(vif.rules))
        static_cast<net::PortRules&>(port) = std::move(*rules);
    else
        possible = context(Status(tl::unexpected(rules.error())), "its rules in " + id.rules_path());
    if (possible)
        possible = fence_.set(id, std::move(port));
    else
        fence_.forget(id);
    if (!possible) vif.rules_error = possible.error().message;
    return {};
}

void VifTable::install_rules() {
    const Status done = fence_.install();
    const std::string failure = done ? "" : done.error().message;
    if (!failure.empty()) {
        if (failure != fence_failure_) log::error(failure);
        if (fence_timer_ == 0) {
            fence_timer_ = loop_.after(timing_.retry, [this] {
                fence_timer_ = 0;
                install_rules();
            });
        }
    }
    // Served or refused anew: what failed before may be right now, and the other way round.
    if (failure != fence_failure_) all_changed();
    fence_failure_ = failure;
}

Status VifTable::serve(const VifId& id, Vif& vif) {
    const auto text = TRY(store_.read_if(id.path() + "/state"));
    if (!text) {
        // The toolstack makes a directory with its state in one transaction: without state there is no vif.
        release(id, vif);
        stop_timer(vif);
        vifs_.erase(id);
        return {};
    }
    const auto state = parse_state(*text);
    if (!state || *state == BackendState::unknown) {
        complain(id, vif, "ignored: its state is '" + printable(*text, 32) + "'");
        return {};
    }
    if (*state == BackendState::closed || *state == BackendState::closing) return serve_closing(id, vif, *state);
    return serve_live(id, vif, *state);
}

Status VifTable::serve_closing(const VifId& id, Vif& vif, BackendState state) {
    vif.connected = false;
    const auto online = TRY(store_.read_if(id.path() + "/online"));
    if (online && *online != "0") {
        // The client closed its end but the vif stays: a driver reloaded, a guest that hibernates. The link stays where
        // it is, and a later state 1 to 4 looks at it again. Or netback gave up, and then it says why.
        stop_timer(vif);
        const std::string error = TRY(store_.read_if("error/" + id.path() + "/error")).value_or("");
        if (error.empty() || TRY(store_.read_if(id.path() + "/hotplug-status")) == "connected") return {};
        return refuse(id, vif, "xen-netback gave up: " + printable(error, 256));
    }
    if (state == BackendState::closed) {
        stop_timer(vif);
        release(id, vif);
        return remove(id); // its watch event ends the entry
    }
    // Closing for good. netback goes to state 6 when the client has closed its end; the directory must stay until then,
    // because the toolstack waits to see 6. Without a network link netback does not hold the vif (its probe failed, or
    // it never ran), nobody would write 6, and the toolstack would wait for its deadline.
    if (TRY(find_link(vif))) {
        stop_timer(vif);
        return {};
    }
    if (!vif.overdue) {
        if (vif.timer == 0) start_timer(id, vif, timing_.orphan_deadline, true);
        return {};
    }
    stop_timer(vif);
    log::info(id.link_name(id.device) + ": closed for a toolstack that removes it; netback does not have it");
    return store_.transaction([&id](xen::Transaction& now) -> Status {
        const std::string path = id.path() + "/state";
        if (TRY(now.read_if(path)) != "5") return {};
        return now.write(path, "6");
    });
}

Status VifTable::remove(const VifId& id) {
    bool removed = false;
    TRY(store_.transaction([&id, &removed](xen::Transaction& now) -> Status {
        // Look again: the toolstack may have written a new vif here in the meantime.
        removed = TRY(now.read_if(id.path() + "/state")) == "6" &&
                  TRY(now.read_if(id.path() + "/online")).value_or("0") == "0";
        return removed ? now.remove(id.path()) : Status{};
    }));
    if (!removed) return {};
    log::info(id.link_name(id.device) + ": removed");
    const std::string name = std::to_string(id.frontend);
    // Empty parents count against the quota of nodes (1000 by default) and were never removed by `xl devd`. What
    // netback reported about this vif (xenbus_dev_fatal writes error/NODENAME/error) goes with it. Neither may be ours
    // to remove: that depends on who made the parent, so a refusal is no error.
    (void)store_.remove("error/" + id.path());
    for (const std::string& parent :
         {std::string(vif_root) + "/" + name, "error/" + std::string(vif_root) + "/" + name}) {
        Status done = store_.transaction([&parent](xen::Transaction& now) -> Status {
            const auto children = now.list(parent);
            if (!children || !children->empty()) return {};
            return now.remove(parent);
        });
        if (!done && xen::connection_failed(done.error())) return done;
        if (!done) log::debug(parent + ": " + done.error().message);
    }
    return {};
}

// Takes the link out of the bridge. netback removes it by itself soon; until then no frame may pass any more.
void VifTable::release(const VifId& id, Vif& vif) {
    if (vif.link == 0) return;
    const auto link = netlink_.link(vif.link);
    if (link && *link && (*link)->master != 0) {
        net::LinkChange change;
        change.master = 0;
        change.up = false;
        const Status done = netlink_.change(vif.link, change);
        if (!done && done.error().code != ENODEV) complain(id, vif, "leaving its bridge: " + done.error().message);
    }
    vif.link = 0;
    vif.connected = false;
}

Result<std::optional<net::Link>> VifTable::find_link(const Vif& vif) {
    auto link = TRY(netlink_.link(vif.kernel_name));
    if (link || vif.vifname.empty()) return link;
    // Renamed by us, perhaps before we were restarted; our alias says so.
    link = TRY(netlink_.link(vif.vifname));
    if (link && link->alias != vif.kernel_name) link.reset();
    return link;
}

Status VifTable::serve_live(const VifId& id, Vif& vif, BackendState state) {
    const auto node = [&](const char* name) { return store_.read_if(id.path() + "/" + name); };
    // netback names its link after `handle`; libxl writes the device number there.
    const auto handle = parse_vif_id(std::to_string(id.frontend), TRY(node("handle")).value_or(""));
    vif.kernel_name = id.link_name(handle ? handle->device : id.device);
    vif.vifname = TRY(node("vifname")).value_or("");
    // netback makes the link after it has gone to state 2. What has this name in state 1 belongs to an earlier life of
    // the vif, whose directory was written again before netback let go of it.
    const auto device = state == BackendState::initialising ? std::nullopt : TRY(find_link(vif));
    if (!device) return missing_link(id, vif);
    stop_timer(vif);
    if (device->master != 0) vif.link = device->index;

    VifRequest request;
    request.bridge = TRY(node("bridge")).value_or("");
    request.vifname = vif.vifname;
    request.mtu = TRY(node("mtu")).value_or("");
    VifLinks links;
    links.kernel_name = vif.kernel_name;
    links.device = *device;
    links.bridge = TRY(netlink_.link(wanted_bridge(request, bridge_)));
    if (!vif.vifname.empty() && vif.vifname != device->name) links.namesake = TRY(netlink_.link(vif.vifname));
    if (!links.bridge || links.bridge->kind != "bridge") {
        for (const net::Link& link : TRY(netlink_.links())) {
            if (link.kind == "bridge") links.bridges.push_back(link.name);
        }
    }
    VifPlan plan = plan_vif(request, links, bridge_);
    if (plan.refusal.empty()) plan.refusal = vif.rules_error;
    if (plan.refusal.empty() && !fence_.covers(id, vif.vifname.empty() ? vif.kernel_name : vif.vifname)) {
        if (fence_failure_.empty()) { // a node was written since the rules were read
            mark(id);
            return {};
        }
        plan.refusal = fence_failure_;
    }
    return apply(id, vif, *device, plan);
}

Status VifTable::apply(const VifId& id, Vif& vif, const net::Link& device, const VifPlan& plan) {
    if (!plan.refusal.empty()) {
        release(id, vif);
        return refuse(id, vif, plan.refusal);
    }
    Status done;
    if (plan.before) done = netlink_.change(device.index, *plan.before);
    if (done && plan.change) done = netlink_.change(device.index, *plan.change);
    if (!done) {
        if (done.error().code == ENODEV) return {}; // gone while we looked; its event brings us back
        release(id, vif);
        return refuse(id, vif, "cannot put " + vif.kernel_name + " on its bridge: " + done.error().message);
    }
    vif.link = device.index;
    return set_connected(id, vif, plan.mtu);
}

Status VifTable::missing_link(const VifId& id, Vif& vif) {
    vif.link = 0;
    vif.connected = false;
    if (vif.overdue && !vif.refusal.empty() && TRY(store_.read_if(id.path() + "/hotplug-status")) != "error") {
        // The directory was written again since we gave up: a new life, a new deadline.
        stop_timer(vif);
        vif.refusal.clear();
    }
    if (!vif.overdue) {
        if (vif.timer == 0) start_timer(id, vif, timing_.link_deadline, true);
        return {};
    }
    return refuse(id, vif, TRY(diagnose_missing_link(id, vif)));
}

Result<std::string> VifTable::diagnose_missing_link(const VifId& id, const Vif& vif) {
    std::string text = "the kernel of this driver domain has not made the network link " + vif.kernel_name +
                       " within " + std::to_string(timing_.link_deadline.count() / 1000) + " s: ";
    const auto error = TRY(store_.read_if("error/" + id.path() + "/error"));
    if (error && !error->empty()) return text + "xen-netback says: " + printable(*error, 256);
    if (!TRY(store_.exists(id.path() + "/script"))) {
        return text + "xen-netback needs the node 'script' in " + id.path() + ", which the toolstack did not write";
    }
    if (TRY(store_.read_if(id.path() + "/state")) == "1") {
        return text + "is the module xen-netback in its image, and can it read " + id.frontend_path() + "?";
    }
    return text + "look at its console for what xen-netback says";
}

Status VifTable::set_connected(const VifId& id, Vif& vif, unsigned mtu) {
    const std::string path = id.path();
    // "connected" is what netback waits for before it goes to state 4, and what the toolstack reports as success. Some
    // versions remove the node when the client disconnects, so it is looked at every time. A write must never bring a
    // directory back that the toolstack has just removed, nor call connected what has closed since serve() looked:
    // hence the transaction and its look at the state.
    const std::string rules = path + "/bulkhead-fence";
    const auto told = TRY(store_.read_each({path + "/hotplug-status", path + "/hotplug-error", rules}));
    const bool tell = told[0] != "connected" || told[1] || told[2].value_or("") != vif.rules;
    if (tell) {
        bool live = false;
        TRY(store_.transaction([&](xen::Transaction& now) -> Status {
            const auto state = parse_state(TRY(now.read_if(path + "/state")).value_or(""));
            live = state && *state != BackendState::closing && *state != BackendState::closed;
            if (!live) return {};
            if (TRY(now.exists(path + "/hotplug-error"))) TRY(now.remove(path + "/hotplug-error"));
            if (!vif.rules.empty() || told[2]) TRY(now.write(rules, vif.rules));
            return now.write(path + "/hotplug-status", "connected");
        }));
        if (!live) return {}; // its event brings us back
    }
    const bool first = !vif.connected;
    vif.connected = true;
    vif.refusal.clear();
    vif.complaint.clear();
    if (tell) log::info(vif.kernel_name + ": connected");
    if (!first) return {};
    // The client's side has an `mtu` node of ours when its toolstack knows the feature; then it says what we set.
    const std::string node = id.frontend_path() + "/mtu";
    const auto known = store_.read(node);
    if (known && *known != std::to_string(mtu)) {
        const Status done = store_.write(node, std::to_string(mtu));
        if (!done) log::debug(done.error().message);
    }
    return {};
}

Status VifTable::refuse(const VifId& id, Vif& vif, const std::string& why) {
    vif.connected = false;
    vif.refusal = why;
    complain(id, vif, why);
    const std::string path = id.path();
    if (TRY(store_.read_if(path + "/hotplug-status")) == "error" &&
        TRY(store_.read_if(path + "/hotplug-error")) == why) {
        return {};
    }
    return store_.transaction([&](xen::Transaction& now) -> Status {
        if (!TRY(now.exists(path + "/state"))) return {};
        TRY(now.write(path + "/hotplug-error", why)); // first: who sees "error" reads it then
        return now.write(path + "/hotplug-status", "error");
    });
}

} // namespace bulkhead::agent
