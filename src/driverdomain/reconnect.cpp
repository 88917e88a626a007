#include "driverdomain/reconnect.hpp"

#include "base/text.hpp"
#include "domain/vif_rules.hpp"

#include <algorithm>
#include <cerrno>
#include <map>

namespace bulkhead::driverdomain {
namespace {

using xen::Permission;

// XenbusState, xen/io/xenbus.h.
constexpr const char* initialising = "1";
constexpr const char* connected = "4";
constexpr unsigned queues_max = 64; // Xen's processors per guest at most; netback itself takes fewer

bool is_closing(const std::string& state) {
    return state == "5" || state == "6";
}

std::vector<Permission> owned_by(unsigned owner, unsigned reader) {
    return {{owner, false, false}, {reader, true, false}};
}

bool missing(const Error& error) {
    return error.code == ENOENT;
}

// A frontend's nodes, itself included, as netback reads them: of all its nodes only the queues have others below them;
// asking each costs a client time. A node that vanishes meanwhile is no error: the client may do that.
Result<std::vector<std::string>> frontend_nodes(xen::Store& store, const ClientVif& vif) {
    std::vector<std::string> paths = {vif.frontend};
    const auto add_below = [&](const std::string& path) -> Status {
        const auto names = store.list(path);
        if (!names) return missing(names.error()) ? Status{} : Status(tl::unexpected(names.error()));
        if (paths.size() + names->size() > nodes_max) {
            return fail(vif.frontend + " holds more than " + std::to_string(nodes_max) +
                            " nodes: not the frontend of a vif",
                        E2BIG);
        }
        for (const std::string& name : *names) paths.push_back(path + "/" + name);
        return {};
    };
    TRY(add_below(vif.frontend));
    const std::string queue = vif.frontend + "/queue-";
    for (std::size_t i = 1, own = paths.size(); i < own; ++i) {
        if (paths[i].starts_with(queue)) TRY(add_below(std::string(paths[i])));
    }
    return paths;
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
    std::vector<std::string> paths = TRY(frontend_nodes(store, vif));
    // libxl lets the backend write this one, and only it.
    const std::string mtu = vif.frontend + "/mtu";
    if (std::erase(paths, mtu) != 0) TRY(store.set_permissions_each({mtu}, owned_by(vif.server, vif.client)));
    TRY(store.set_permissions_each(paths, owned_by(vif.client, vif.server)));
    return true;
}

Result<bool> write_backend(xen::Store& store, const ClientVif& vif) {
    bool there = false;
    TRY(store.transaction([&](xen::Transaction& now) -> Status {
        const auto values = TRY(now.read_each({vif.record + "/backend", vif.frontend, vif.backend + "/state"}));
        there = values[0] == vif.backend && values[1];
        if (!there) return {};
        if (values[2] && !is_closing(*values[2])) return {};
        TRY(domain::tell_again(now, vif.server, vif.client, vif.devid)); // before the agent sees the vif
        TRY(now.remove(vif.backend));
        TRY(now.mkdir(vif.backend));
        TRY(now.set_permissions(vif.backend, owned_by(vif.server, vif.client)));
        // New nodes get their parent's permissions.
        std::vector<std::pair<std::string, std::string>> nodes = {{vif.backend + "/frontend", vif.frontend}};
        for (const auto& [key, value] : vif.nodes) nodes.emplace_back(vif.backend + "/" + key, value);
        nodes.emplace_back(vif.backend + "/online", "1");
        nodes.emplace_back(vif.backend + "/hotplug-status", "");
        nodes.emplace_back(vif.backend + "/state", initialising);
        return now.write_each(nodes);
    }));
    return there;
}

Result<VifReport> look(xen::Store& store, const ClientVif& vif) {
    VifReport report;
    report.vif = vif;
    const auto values =
        TRY(store.read_each({vif.record + "/backend", vif.frontend + "/state", vif.backend + "/state",
                             vif.backend + "/hotplug-status", vif.frontend + "/multi-queue-num-queues"}));
    const auto queues = parse_unsigned(values[4].value_or(""), queues_max);
    report.queues = std::max(1U, static_cast<unsigned>(queues.value_or(1)));
    const auto& front = values[1];
    if (values[0] != vif.backend || !front) {
        report.outcome = VifOutcome::gone;
        return report;
    }
    report.client_connected = *front == connected;
    const std::string back = values[2].value_or("");
    const std::string plugged = printable(values[3].value_or(""), 16);
    if (plugged == "error") {
        report.outcome = VifOutcome::refused;
        report.reason = "the agent says: " + text(store, vif.backend + "/hotplug-error");
    } else if (back == connected && report.client_connected && plugged == "connected") {
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
    } else if (!report.client_connected) {
        report.reason = "the client has not connected it yet";
    } else {
        report.reason = back.empty() ? "no backend" : "netback is in state " + printable(back, 8);
    }
    return report;
}

Result<std::vector<VifReport>> await_vifs(xen::Store& store, std::vector<ClientVif> vifs,
                                          std::chrono::milliseconds patience) {
    using Clock = std::chrono::steady_clock;
    std::vector<VifReport> reports;
    if (vifs.empty()) return reports;
    const std::string root = "/local/domain/" + std::to_string(vifs.front().server) + "/backend/vif";
    std::map<std::string, std::size_t> by_backend;
    for (ClientVif& vif : vifs) {
        by_backend.emplace(vif.backend, reports.size());
        reports.push_back({std::move(vif), VifOutcome::waiting, "", 1, false});
    }
    TRY(store.watch(root, "backends"));
    // On its way: the client's end is connected, and it is ours that is not yet.
    std::vector<bool> settled(reports.size(), false);
    auto end = Clock::now() + patience;
    const auto update = [&](std::size_t index) -> Status {
        reports[index] = TRY(look(store, reports[index].vif));
        settled[index] = reports[index].outcome != VifOutcome::waiting || !reports[index].client_connected;
        if (settled[index]) end = Clock::now() + patience; // once for each vif: nobody can make it last for ever
        return {};
    };
    Status status;
    for (std::size_t i = 0; i < reports.size() && status; ++i) status = update(i);
    while (status && std::find(settled.begin(), settled.end(), false) != settled.end()) {
        // A driver domain that writes without end must not keep us beyond it.
        if (Clock::now() >= end) break;
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
