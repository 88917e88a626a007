// One reincarnation, from the dead driver domain to connected clients: what the worker does. Each step is announced
// before it is begun, and each may be done again: a worker or a daemon that dies half-way is followed by one that
// starts from the announced step and ends in the same state.
#pragma once

#include "base/result.hpp"
#include "domain/create.hpp"
#include "driverdomain/reconnect.hpp"
#include "xen/context.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace bulkhead::driverdomain {

enum class Step { destroy, create, connect };
const char* step_name(Step step);
const char* step_text(Step step); // for people
// What was announced last; anything unknown starts from the beginning.
Step parse_step(const std::string& name);

struct RebirthOrder {
    domain::CreateRequest request; // with the driver domain's own UUID, forced
    std::string name;
    unsigned domain = 0;       // the domid that it had
    bool same_id = true;       // it shall have it again; otherwise its clients' vifs are made anew
    Step from = Step::destroy; // only `connect` saves work: making it again begins with removing what is there
    std::string spares;        // folder of the saved spares (spare.hpp); empty: it boots
    bool dump_core = false;    // of the dead domain, before it is removed
    std::chrono::seconds ready_patience{120};
    std::chrono::seconds connect_patience{30}; // since the last vif was connected
};

struct RebirthHooks {
    domain::Progress progress;
    std::function<Status(Step)> intent;
    const domain::Gate* gate = nullptr; // asked before it is made
};

struct StepTime {
    std::string step;
    std::chrono::milliseconds took{};
};

struct RebirthReport {
    unsigned domain = 0; // its id; not the old one when another domain had taken that
    std::string policy;
    bool from_spare = false;
    std::vector<StepTime> steps;
    std::vector<VifReport> vifs;
    std::vector<domain::PendingVif> pending; // of its own: left out for now
    std::size_t blocked_dma = 0;             // accesses of its devices that the IOMMU stopped meanwhile, if Xen says so
};

// On failure no domain of that UUID is left, and the clients' frontends are untouched: it can be tried again later.
Result<RebirthReport> be_born_again(xen::Context& xen, const RebirthOrder& order, const RebirthHooks& hooks);

} // namespace bulkhead::driverdomain
