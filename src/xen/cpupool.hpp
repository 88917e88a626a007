// CPU pools, through libxl. For worker processes.
#pragma once

#include "base/cpu_set.hpp"
#include "base/result.hpp"
#include "xen/context.hpp"

#include <string>
#include <vector>

namespace bulkhead::xen {

struct CpuPool {
    unsigned id = 0;
    std::string name;
    std::string scheduler; // "credit", "credit2", "null", ...
    unsigned domains = 0;
    CpuSet cpus;
};

// In order of their ids.
Result<std::vector<CpuPool>> list_cpupools(Context& xen);
// By name or id. An error names what there is.
Result<CpuPool> find_cpupool(Context& xen, const std::string& wanted);
// Which pool a domain is in.
Result<CpuPool> cpupool_of(Context& xen, unsigned domain);

} // namespace bulkhead::xen
