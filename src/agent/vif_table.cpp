#include "agent/vif_table.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cerrno>

namespace bulkhead::agent {

VifTable::VifTable(xen::Store& store, net::Netlink& netlink, Loop& loop, std::string bridge, Timing timing)
    : store_(store), netlink_(netlink), loop_(loop), bridge_(std::move(bridge)), timing_(timing) {}

VifTable::~VifTable() {
    for (auto& [id, vif] : vifs_) stop_timer(vif);
    if (fence_timer_ != 0) loop_.cancel(fence_timer_);
}

void VifTable::mark(const VifId& id) {
    dirty_.insert(id);
    unread_.insert(id);
}

VifTable::Vif& VifTable::entry(const VifId& id) {
    const auto [at, fresh] = vifs_.try_emplace(id);
    if (fresh) at->second.kernel_name = id.link_name(id.device);
    return at->second;
}

Status VifTable::scan() {
    rescan_ = true; // until it has succeeded
    std::set<VifId> found;
    const auto frontends = store_.list(vif_root);
    if (!frontends && frontends.error().code != ENOENT) return tl::unexpected(frontends.error());
    for (const std::string& frontend : frontends ? *frontends : std::vector<std::string>{}) {
        if (!parse_frontend(frontend)) {
            log::warning("ignoring " + std::string(vif_root) + "/" + printable(frontend, 64) + ": not a domain id");
            continue;
        }
        const auto devices = store_.list(std::string(vif_root) + "/" + frontend);
        if (!devices && devices.error().code == ENOENT) continue;
        for (const std::string& device : TRY(devices)) {
            if (const auto id = parse_vif_id(frontend, device)) {
                found.insert(*id);
            } else {
                log::warning("ignoring " + std::string(vif_root) + "/" + frontend + "/" + printable(device, 64) +
                             ": not a device number");
            }
        }
    }
    rescan_ = false;
    for (const VifId& id : found) mark(id);
    for (const auto& [id, vif] : vifs_) mark(id);
    return {};
}

void VifTable::backend_changed(std::string_view path) {
    const BackendEvent event = parse_backend_event(path);
    switch (event.scope) {
    case BackendEvent::Scope::ignored:
        return;
    case BackendEvent::Scope::all:
        rescan_ = true;
        return;
    case BackendEvent::Scope::vif:
        mark(event.vif);
        return;
    case BackendEvent::Scope::frontend:
        // Made or removed as a whole. A new vif below it has events of its own.
        for (auto at = vifs_.lower_bound({event.vif.frontend, 0});
             at != vifs_.end() && at->first.frontend == event.vif.frontend; ++at) {
            mark(at->first);
        }
        return;
    }
}

void VifTable::link_changed(const net::Link& link) {
    for (const auto& [id, vif] : vifs_) {
        if (link.name == vif.kernel_name || link.name == vif.vifname || link.index == vif.link ||
            !vif.refusal.empty()) { // what it lacked may have come
            mark(id);
        }
    }
}

void VifTable::all_changed() {
    for (const auto& [id, vif] : vifs_) mark(id);
}

void VifTable::set_uplink(const std::string& name) {
    fence_.set_uplink(name);
}

Status VifTable::work(std::size_t limit) {
    if (rescan_) TRY(scan());
    // The rules of all come before the first is served: one table for many, and no moment in which a restarted agent's
    // table lacks ports that are in use.
    while (!unread_.empty()) {
        TRY(read_rules(*unread_.begin()));
        unread_.erase(unread_.begin());
    }
    if (fence_.changed()) install_rules();
    while (limit-- > 0 && !dirty_.empty()) {
        const VifId id = *dirty_.begin();
        dirty_.erase(dirty_.begin());
        Vif& vif = entry(id);
        Status done = serve(id, vif);
        if (done) continue;
        if (xen::connection_failed(done.error())) {
            mark(id);
            return done;
        }
        complain(id, vif, done.error().message);
        start_timer(id, vif, timing_.retry, false);
    }
    return {};
}

std::size_t VifTable::connected() const {
    return static_cast<std::size_t>(
        std::count_if(vifs_.begin(), vifs_.end(), [](const auto& entry) { return entry.second.connected; }));
}

// One timer per vif: either a deadline, which leaves `overdue` set until something happens, or a plain retry.
void VifTable::start_timer(const VifId& id, Vif& vif, std::chrono::milliseconds delay, bool deadline) {
    loop_.cancel(vif.timer);
    vif.timer = loop_.after(delay, [this, id, deadline] {
        const auto at = vifs_.find(id);
        if (at == vifs_.end()) return;
        at->second.timer = 0;
        if (deadline) at->second.overdue = true;
        mark(id);
    });
}

void VifTable::stop_timer(Vif& vif) {
    if (vif.timer != 0) loop_.cancel(vif.timer);
    vif.timer = 0;
    vif.overdue = false;
}

void VifTable::complain(const VifId& id, Vif& vif, const std::string& text) {
    if (vif.complaint == text) return; // once is enough for the console
    vif.complaint = text;
    log::error(id.link_name(id.device) + ": " + text);
}

} // namespace bulkhead::agent
