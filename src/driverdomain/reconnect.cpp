#include "driverdomain/reconnect.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <map>

namespace bulkhead::driverdomain {
namespace {

using xen::Permission;

// XenbusState, xen/io/xenbus.h.
constexpr const char* initialising = "1";
constexpr const char* connected = "4";

bool is_closing(const std::string& state) {
    return state == "5" || state == "6";
}

std::vector<Permission> owned_by(unsigned owner, unsigned reader) {
    return {{owner, false, false}, {reader, true, false}};
}

bool missing(const Error& error) {
    return error.code == ENOENT;
}

// One node and what is below it. A node that vanishes meanwhile is no error: the client may do that.
Status grant_tree(xen::Store& store, const ClientVif& vif, const std::string& path, std::size_t& left) {
    if (left == 0) {
        return fail(vif.frontend + " holds more than " + std::to_string(nodes_max) +
                        " nodes: not the frontend of a vif",
                    E2BIG);
    }
    --left;
    // libxl lets the backend write this one, and only it.
    const bool of_backend = path == vif.frontend + "/mtu";
    const Status granted =
        store.set_permissions(path, of_backend ? owned_by(vif.server, vif.client) : owned_by(vif.client, vif.server));
    if (!granted) return missing(granted.error()) ? Status{} : granted;
    // Of all that netback reads only the queues have nodes of their own below them; asking each costs a client time.
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    if (path != vif.frontend && !name.starts_with("queue-")) return {};
    const auto names = store.list(path);
    if (!names) return missing(names.error()) ? Status{} : Status(tl::unexpected(names.error()));
    for (const std::string& below : *names) TRY(grant_tree(store, vif, path + "/" + below, left));
    return {};
}

std::string text(xen::Store& store, const std::string& path) {
    const auto read = store.read_if(path);
    return read && *read ? printable(**read, 256) : "";
}

// xenbus_dev_fatal() in the driver domain writes it.
std::string netback_error(xen::Store& store, const ClientVif& vif) {
    const std::string home = "/local/domain/" + std::to_string(vif.server);
    return text(store, home + "/error" + vif.backend.substr(home.size()) + "/error");
}

} // namespace

Result<bool> grant_again(xen::Store& store, const ClientVif& vif) {
    bool there = false;
    TRY(store.transaction([&](xen::Transaction& now) -> Status { // the client may die here: leave it nothing
        there = TRY(now.exists(vif.frontend));
        // xenstored removes the nodes that a dead domain owned.
        const std::string mtu = vif.frontend + "/mtu";
        if (!there || vif.node("mtu").empty() || TRY(now.exists(mtu))) return {};
        return now.write(mtu, vif.node("mtu"));
    }));
    if (!there) return false;
    std::size_t left = nodes_max;
    TRY(grant_tree(store, vif, vif.frontend, left));
    return true;
}

Result<bool> write_backend(xen::Store& store, const ClientVif& vif) {
    bool there = false;
    TRY(store.transaction([&](xen::Transaction& now) -> Status {
        there = TRY(now.read_if(vif.record + "/backend")) == vif.backend && TRY(now.exists(vif.frontend));
        if (!there) return {};
        const auto state = TRY(now.read_if(vif.backend + "/state"));
        if (state && !is_closing(*state)) return {};
        const std::vector<Permission> permissions = owned_by(vif.server, vif.client);
        TRY(now.remove(vif.backend));
        TRY(now.mkdir(vif.backend));
        TRY(now.set_permissions(vif.backend, permissions));
        // New nodes get their parent's permissions.
        const auto write = [&](const std::string& key, const std::string& value) {
            return now.write(vif.backend + "/" + key, value);
        };
        TRY(write("frontend", vif.frontend));
        for (const auto& [key, value] : vif.nodes) TRY(write(key, value));
        TRY(write("online", "1"));
        TRY(write("hotplug-status", ""));
        return write("state", initialising);
    }));
    return there;
}

Result<VifReport> look(xen::Store& store, const ClientVif& vif) {
    VifReport report{vif, VifOutcome::waiting, ""};
    const auto front = TRY(store.read_if(vif.frontend + "/state"));
    if (TRY(store.read_if(vif.record + "/backend")) != vif.backend || !front) {
        report.outcome = VifOutcome::gone;
        return report;
    }
    const std::string back = TRY(store.read_if(vif.backend + "/state")).value_or("");
    const std::string plugged = text(store, vif.backend + "/hotplug-status");
    if (plugged == "error") {
        report.outcome = VifOutcome::refused;
        report.reason = "the agent says: " + text(store, vif.backend + "/hotplug-error");
    } else if (back == connected && *front == connected && plugged == "connected") {
        report.outcome = VifOutcome::connected;
    } else if (const std::string why = is_closing(back) ? netback_error(store, vif) : ""; !why.empty()) {
        // netback closes its end, whereupon the client's may close too.
        report.outcome = VifOutcome::refused;
        report.reason = "netback in the driver domain refuses the client's ring: " + why;
    } else if (is_closing(*front)) {
        report.reason = "the client closes it";
    } else if (is_closing(back)) {
        report.outcome = VifOutcome::refused;
        report.reason = "netback in the driver domain closes it and gives no reason";
    } else if (*front != connected) {
        report.reason = "the client has not connected it yet";
    } else {
        report.reason = back.empty() ? "no backend" : "netback is in state " + printable(back, 8);
    }
    return report;
}

Result<std::vector<VifReport>> await_vifs(xen::Store& store, std::vector<ClientVif> vifs,
                                          std::chrono::steady_clock::time_point end) {
    std::vector<VifReport> reports;
    if (vifs.empty()) return reports;
    const std::string root = "/local/domain/" + std::to_string(vifs.front().server) + "/backend/vif";
    std::map<std::string, std::size_t> by_backend;
    for (ClientVif& vif : vifs) {
        by_backend.emplace(vif.backend, reports.size());
        reports.push_back({std::move(vif), VifOutcome::waiting, ""});
    }
    TRY(store.watch(root, "backends"));
    // On its way: the client's end is connected, and it is ours that is not yet.
    std::vector<bool> settled(reports.size(), false);
    const auto update = [&](std::size_t index) -> Status {
        reports[index] = TRY(look(store, reports[index].vif));
        const VifReport& now = reports[index];
        settled[index] = now.outcome != VifOutcome::waiting;
        if (!settled[index]) settled[index] = TRY(store.read_if(now.vif.frontend + "/state")) != connected;
        return {};
    };
    Status status;
    for (std::size_t i = 0; i < reports.size() && status; ++i) status = update(i);
    while (status && std::find(settled.begin(), settled.end(), false) != settled.end()) {
        // A driver domain that writes without end must not keep us beyond it.
        if (std::chrono::steady_clock::now() >= end) break;
        auto event = store.wait_event(end);
        if (!event) {
            status = tl::unexpected(event.error());
        } else if (!*event) {
            break;
        } else {
            for (auto at = by_backend.begin(); at != by_backend.end() && status; ++at) {
                const bool touched = (*event)->path.starts_with(at->first) || at->first.starts_with((*event)->path);
                if (touched && !settled[at->second]) status = update(at->second);
            }
        }
    }
    if (status || !xen::connection_failed(status.error())) (void)store.unwatch(root, "backends");
    TRY(std::move(status));
    for (std::size_t i = 0; i < reports.size(); ++i) {
        if (settled[i]) continue;
        reports[i].outcome = VifOutcome::refused;
        reports[i].reason = "not connected in time: " + reports[i].reason;
    }
    return reports;
}

} // namespace bulkhead::driverdomain
