// Disks that come to and go from a running domain, so that being killed half-way can be made good. For workers.
#pragma once

#include "base/result.hpp"
#include "domain/backend.hpp"
#include "xen/context.hpp"
#include "xen/disk.hpp"
#include "xen/domain.hpp"
#include "xen/store.hpp"

#include <functional>
#include <string>

namespace bulkhead::domain {

class Gate;

// Called once, before anything is done, with what withdraw_disk() needs.
using DiskIntent = std::function<Status(const std::string& detail)>;

// Success means that the guest has the disk (a paused one: that it will have). Otherwise the half-made disk is removed
// and the error is the backend's own, or says which side is missing. Errors before the intent: the rule forbids it
// (disk_rule.hpp) or the policy does (gate.hpp), the name is taken.
Result<xen::DiskInfo> attach_disk(xen::Context& xen, xen::Store& store, const xen::DomainInfo& domain,
                                  xen::DiskSpec disk, const Gate& gate, const Progress& progress,
                                  const DiskIntent& intent);
Status detach_disk(xen::Context& xen, const xen::DomainInfo& domain, const std::string& vdev, bool force,
                   const DiskIntent& intent);

// Makes good an attach that was interrupted: the disk goes. `detail`: the intent's.
Status withdraw_disk(xen::Context& xen, unsigned domain, const std::string& detail);

// The two ends of a disk as xenstore shows them. Pure.
struct DiskState {
    std::string backend_state, frontend_state; // XenbusState as text; empty: no node
    std::string hotplug_error, backend_error, frontend_error;
    bool backend_exists = false;
};
enum class DiskVerdict { wait, connected, failed };
struct DiskJudgement {
    DiskVerdict verdict = DiskVerdict::wait;
    std::string reason; // of failed: why; of wait: what is still missing
};
DiskJudgement judge_disk(const DiskState& state, const std::string& client);

} // namespace bulkhead::domain
