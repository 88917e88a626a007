// cpus=, cpus_soft=, vnuma= and cpuid= of xl.cfg(5). The checks are pure; what sets libxl's bitmaps asks Xen how many
// processors and nodes the host has. Private to src/xen, but parse_cpu_ranges.
#pragma once

#include "base/result.hpp"
#include "xen/domain_spec.hpp"
#include "xen/libxl.hpp"
#include "xen/spec_options.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::xen {

// One word of "0-3,^1,node:1": processors or NUMA nodes, both ends included.
struct CpuRange {
    bool exclude = false, nodes = false, all = false;
    unsigned first = 0, last = 0;
};
constexpr unsigned cpu_number_max = 8191; // far above what Xen 4.17 can be built for; bits beyond the host's do nothing

Result<std::vector<CpuRange>> parse_cpu_ranges(std::string_view text);

Status check_cpus(libxl_domain_config& config, const ConfigValue& value, OptionNotes& notes);
Status check_vnuma(libxl_domain_config& config, const ConfigValue& value, OptionNotes& notes);
Status set_cpuid(libxl_domain_config& config, const ConfigValue& value, OptionNotes& notes);

// The value is known to be well formed. vnuma comes before the defaults of maxmem and maxvcpus, affinity after them.
Status apply_vnuma(libxl_ctx* ctx, const ConfigValue& value, libxl_domain_build_info& build);
Status apply_affinity(libxl_ctx* ctx, const ConfigValue& value, bool hard, libxl_domain_build_info& build);
// xl.conf's masks: takes the processors away that guests of this type may not have.
Status apply_cpu_masks(libxl_ctx* ctx, const HostDefaults& host, DomainType type, libxl_domain_build_info& build);

} // namespace bulkhead::xen
