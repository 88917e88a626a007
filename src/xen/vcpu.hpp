// A domain's virtual processors, through libxl. For worker processes.
#pragma once

#include "base/cpu_set.hpp"
#include "base/result.hpp"
#include "xen/context.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace bulkhead::xen {

struct VcpuInfo {
    unsigned vcpu = 0;
    unsigned cpu = 0; // where it runs or ran last
    bool online = false, running = false, blocked = false;
    std::uint64_t time_ns = 0;
    CpuSet hard, soft; // where it may run; where it likes to
};

// `cpus`: cpu_numbers().
Result<std::vector<VcpuInfo>> list_vcpus(Context& xen, unsigned domain, std::size_t cpus);

// Tells the guest to use virtual processors 0 to count-1 only. It does so when it likes. An error when the domain was
// made with fewer.
Status set_vcpus(Context& xen, unsigned domain, unsigned count);

// One or, with nullopt, all. A set that is nullptr stays as it is. `force`: also undoes what dom0's kernel pinned for
// itself; only for one.
Status pin_vcpu(Context& xen, unsigned domain, std::optional<unsigned> vcpu, const CpuSet* hard, const CpuSet* soft,
                bool force);

} // namespace bulkhead::xen
