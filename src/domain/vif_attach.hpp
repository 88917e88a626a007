// network-attach: success means that the vif carries traffic. For workers.
#pragma once

#include "base/result.hpp"
#include "domain/backend.hpp"
#include "xen/context.hpp"
#include "xen/nic.hpp"
#include "xen/store.hpp"

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace bulkhead::domain {

class Gate;

struct AttachHooks {
    Progress progress;
    // Called before anything is made, with what identifies the vif among the client's.
    std::function<Status(unsigned devid, const std::string& mac)> intent;
    const Gate* gate = nullptr;    // must be there: it is asked before the intent
    bool connected = true;         // wait for the client, too, not only for the driver domain
    std::set<unsigned> reserved{}; // numbers of the client's vifs that still wait for their driver domain
};

// The lowest number that the next vif of a domain can have.
unsigned free_devid(const std::vector<xen::NicInfo>& nics, const std::set<unsigned>& reserved);

// Adds the vif and waits until both ends are connected, or only the driver domain's. Otherwise the half-made vif is
// removed and the error is the driver domain's own, or says which side is missing.
Result<xen::NicInfo> attach_vif(xen::Context& xen, xen::Store& store, const xen::DomainInfo& client, xen::NicSpec spec,
                                const Backend& backend, const AttachHooks& hooks);

// The vif that a configuration gives this number: its own devid, or its place in the list.
Result<xen::NicSpec> configured_vif(const std::vector<xen::NicSpec>& nics, unsigned devid);

// For a vif that a guest which does not run yet will use: waits until the driver domain has put it on its bridge, or
// returns the driver domain's error. Nothing is removed.
Status wait_plugged(xen::Store& store, unsigned client, unsigned devid, const Backend& backend);

// The two ends of a vif as xenstore shows them. Pure: tests give states, people get words.
struct VifState {
    std::string backend_state, frontend_state; // XenbusState as text; empty: no node
    std::string hotplug_status, hotplug_error;
    bool backend_exists = false;
    bool rules_in_force = true; // or it has none (vif_rules.hpp)
};
enum class Verdict { wait, connected, failed };
struct Judgement {
    Verdict verdict = Verdict::wait;
    std::string reason; // of failed: why; of wait: what is still missing
};
Judgement judge(const VifState& state, const std::string& backend, const std::string& client);

} // namespace bulkhead::domain
