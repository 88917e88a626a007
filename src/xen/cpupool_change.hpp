// Making and changing CPU pools, through libxl. For worker processes: Xen stops processors while it moves them.
#pragma once

#include "xen/cpupool.hpp"

namespace bulkhead::xen {

// Schedulers that Xen 4.17 can have, "" for Xen's own; an error names them.
Result<std::string> check_scheduler_name(Context& xen, const std::string& name);
// Errors: a processor of another pool, named; a name that is taken. Nothing is left when it fails.
Result<CpuPool> create_cpupool(Context& xen, const std::string& name, const std::string& scheduler, const CpuSet& cpus);
// Errors: domains are in it; it is pool 0.
Status destroy_cpupool(Context& xen, const CpuPool& pool);
Status rename_cpupool(Context& xen, const CpuPool& pool, const std::string& name);
// Only processors of no pool.
Status add_cpus(Context& xen, const CpuPool& pool, const CpuSet& cpus);
// Only processors of this pool, and not its last one while domains are in it.
Status remove_cpus(Context& xen, const CpuPool& pool, const CpuSet& cpus);
Status move_to_cpupool(Context& xen, unsigned domain, const CpuPool& pool);
// One pool for each NUMA node, named Pool-nodeN; pool 0 becomes the one of processor 0, and dom0 gets no more virtual
// processors than that node has. Only while pool 0 is the only one. Blocks up to 10 s for dom0.
Status split_by_nodes(Context& xen);

} // namespace bulkhead::xen
