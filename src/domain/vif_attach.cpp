#include "domain/vif_attach.hpp"

#include "base/text.hpp"
#include "domain/gate.hpp"
#include "domain/vif_rules.hpp"
#include "xen/mac.hpp"

#include <cerrno>

namespace bulkhead::domain {
namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

// A busy driver domain on a slow machine; a vif that cannot connect says so at once and does not wait this long.
constexpr seconds connect_patience{60};

// XenbusState, xen/io/xenbus.h.
std::string state_name(const std::string& state) {
    constexpr const char* names[] = {"unknown",     "initialising",  "waiting for the other side",
                                     "initialised", "connected",     "closing",
                                     "closed",      "reconfiguring", "reconfigured"};
    const auto number = parse_unsigned(state, std::size(names) - 1);
    return number ? names[*number] : "no state";
}

std::string value(xen::Store& store, const std::string& path) {
    const Result<std::optional<std::string>> read = store.read_if(path);
    return read && *read ? printable(**read, 400) : "";
}

struct Paths {
    std::string backend, frontend;
    std::string rules; // empty: no agent has to say that they are in force
};

Paths paths_of(unsigned server, unsigned client, unsigned devid) {
    const std::string number = std::to_string(devid);
    return {"/local/domain/" + std::to_string(server) + "/backend/vif/" + std::to_string(client) + "/" + number,
            "/local/domain/" + std::to_string(client) + "/device/vif/" + number,
            server == 0 ? "" : rules_record(client, devid)};
}

VifState look(xen::Store& store, const Paths& paths) {
    VifState state;
    state.backend_state = value(store, paths.backend + "/state");
    state.frontend_state = value(store, paths.frontend + "/state");
    state.hotplug_status = value(store, paths.backend + "/hotplug-status");
    state.hotplug_error = value(store, paths.backend + "/hotplug-error");
    const Result<bool> there = store.exists(paths.backend);
    state.backend_exists = there && *there;
    if (paths.rules.empty()) {
        state.rules_in_force = true;
        return state;
    }
    const auto rules = store.read_each({paths.rules, paths.backend + "/bulkhead-fence"});
    state.rules_in_force = rules && (*rules)[0].value_or("") == (*rules)[1].value_or("");
    return state;
}

Status wait_connected(xen::Store& store, const Paths& paths, const std::string& backend, const std::string& client) {
    TRY(store.watch(paths.backend, "backend"));
    TRY(store.watch(paths.frontend + "/state", "frontend"));
    const auto end = Clock::now() + connect_patience;
    Status status;
    for (;;) {
        const Judgement now = judge(look(store, paths), backend, client);
        if (now.verdict == Verdict::connected) break;
        if (now.verdict == Verdict::failed) {
            status = fail(now.reason, EIO);
            break;
        }
        if (!TRY(store.wait_event(end))) {
            status = fail("not connected after " + std::to_string(connect_patience.count()) + " s: " + now.reason,
                          ETIMEDOUT);
            break;
        }
    }
    (void)store.unwatch(paths.backend, "backend");
    (void)store.unwatch(paths.frontend + "/state", "frontend");
    return status;
}

} // namespace

unsigned free_devid(const std::vector<xen::NicInfo>& nics, const std::set<unsigned>& reserved) {
    std::set<unsigned> taken = reserved;
    for (const xen::NicInfo& nic : nics) taken.insert(nic.devid);
    unsigned devid = 0;
    while (taken.contains(devid)) ++devid;
    return devid;
}

Judgement judge(const VifState& state, const std::string& backend, const std::string& client) {
    if (!state.hotplug_error.empty() || state.hotplug_status == "error") {
        const std::string who = backend == "Domain-0" ? "dom0" : "driver domain '" + backend + "'";
        return {Verdict::failed, who + " refused the vif: " +
                                     (state.hotplug_error.empty() ? "it gives no reason" : state.hotplug_error)};
    }
    if (!state.backend_exists) return {Verdict::failed, "the vif was removed while it was being connected"};
    const bool connected = state.backend_state == "4" && state.frontend_state == "4";
    if (connected && state.rules_in_force) return {Verdict::connected, ""};
    if (state.backend_state == "5" || state.backend_state == "6") {
        return {Verdict::failed, "the backend in '" + backend + "' closed the vif"};
    }
    if (state.backend_state.empty() || state.backend_state == "1") {
        return {Verdict::wait, "the backend in '" + backend + "' has not taken it up (state: " +
                                   state_name(state.backend_state) + "); is xen-netback loaded there?"};
    }
    if (state.hotplug_status.empty()) {
        return {Verdict::wait,
                "nothing in '" + backend +
                    "' has connected it to a bridge (no hotplug-status); does bulkhead-agent run there?"};
    }
    if (!state.rules_in_force) {
        return {Verdict::wait, "the agent in '" + backend +
                                   "' does not say that the vif's rules are in force; is its image an old one?"};
    }
    if (state.frontend_state == "4") {
        return {Verdict::wait, "the frontend in '" + client + "' is connected, but the backend in '" + backend +
                                   "' has not mapped its rings yet (state: " + state_name(state.backend_state) + ")"};
    }
    return {Verdict::wait, "the frontend in '" + client + "' has not connected (state: " +
                               state_name(state.frontend_state) + "); does it have a xen-netfront driver?"};
}

Result<xen::NicSpec> configured_vif(const std::vector<xen::NicSpec>& nics, unsigned devid) {
    for (unsigned i = 0; i < nics.size(); ++i) {
        if (nics[i].devid.value_or(i) != devid) continue;
        xen::NicSpec nic = nics[i];
        nic.devid = devid;
        return nic;
    }
    return fail("its configuration has no vif " + std::to_string(devid), ENOENT);
}

Status wait_plugged(xen::Store& store, unsigned client, unsigned devid, const Backend& backend) {
    const Paths paths = paths_of(backend.id, client, devid);
    TRY(store.watch(paths.backend, "backend"));
    const auto end = Clock::now() + connect_patience;
    Status status;
    for (;;) {
        const VifState now = look(store, paths);
        if (now.hotplug_status == "connected" && now.rules_in_force) break;
        const Judgement judgement = judge(now, backend.name, "the domain");
        if (judgement.verdict == Verdict::failed)
            status = fail(judgement.reason, EIO);
        else if (!TRY(store.wait_event(end)))
            status = fail("vif " + std::to_string(devid) + ": " + judgement.reason, ETIMEDOUT);
        if (!status) break;
    }
    (void)store.unwatch(paths.backend, "backend");
    return status;
}

Result<xen::NicInfo> attach_vif(xen::Context& xen, xen::Store& store, const xen::DomainInfo& client, xen::NicSpec spec,
                                const Backend& backend, const AttachHooks& hooks) {
    if (backend.id == client.id && client.id != 0) {
        return fail("'" + client.name + "' cannot be its own backend", EINVAL);
    }
    complete(spec, backend);
    if (spec.mac.empty()) spec.mac = xen::new_mac();
    const bool chosen = spec.devid.has_value();
    Result<xen::NicInfo> added = fail("unreachable");
    for (int attempt = 0; attempt < 8; ++attempt) { // another attach may take the same number
        if (!chosen) spec.devid = free_devid(TRY(xen::list_nics(xen, client.id)), hooks.reserved);
        if (hooks.gate == nullptr) return fail("the policy was not asked about the vif");
        const Permit permit = TRY(hooks.gate->vif(xen, client, *spec.devid, spec, backend.id));
        carry_types(spec, permit, backend, hooks.progress);
        TRY(hooks.intent(*spec.devid, spec.mac));
        const std::string record = "/libxl/" + std::to_string(client.id) + "/device/vif/" + std::to_string(*spec.devid);
        if (TRY(store.exists(record))) { // libxl would say so, but then the other vif had our rules
            added = fail("the number is taken", xen::device_exists);
            if (chosen) break;
            continue;
        }
        TRY(tell_rules(store, client.id, spec, backend, hooks.progress));
        added = xen::add_nic(xen, client.id, spec);
        if (added || added.error().code != xen::device_exists || chosen) break;
    }
    const std::string numbers = std::to_string(client.id) + "/" + std::to_string(*spec.devid);
    const Paths paths = paths_of(backend.id, client.id, *spec.devid);
    Status status;
    if (!added) {
        if (added.error().code == xen::device_exists) {
            return fail("'" + client.name + "' has a vif " + std::to_string(*spec.devid) +
                            " already; see: bulkhead network-list " + client.name,
                        EEXIST);
        }
        // libxl only knows that it waited in vain; the driver domain may have said why.
        const Judgement why = judge(look(store, paths), backend.name, client.name);
        status = fail(
            why.reason.empty() ? added.error().message : why.reason + " (libxl: " + added.error().message + ")", EIO);
    } else if (!hooks.connected) {
        if (backend.has_agent) status = wait_plugged(store, client.id, *spec.devid, backend);
    } else {
        hooks.progress("vif" + numbers + ": waiting until both ends are connected");
        status = wait_connected(store, paths, backend.name, client.name);
    }
    if (status) return added;
    hooks.progress("removing the half-made vif");
    (void)xen::destroy_nic(xen, client.id, *spec.devid);
    forget_rules(client.id, *spec.devid);
    return tl::unexpected(status.error());
}

} // namespace bulkhead::domain
