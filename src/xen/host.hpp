// What Xen says about the machine, through libxl. Quick, but for worker processes all the same.
#pragma once

#include "base/cpu_set.hpp"
#include "base/result.hpp"
#include "xen/context.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace bulkhead::xen {

// Names as in `xl info`; sizes in MiB as there.
struct HostInfo {
    unsigned nr_cpus = 0, max_cpu_id = 0, nr_nodes = 0, cores_per_socket = 0, threads_per_core = 0, cpu_khz = 0;
    std::array<std::uint32_t, 8> hw_caps{};
    std::string virt_caps; // words with spaces between
    std::uint64_t total_memory = 0, free_memory = 0, sharing_freed_memory = 0, sharing_used_memory = 0,
                  outstanding_claims = 0;
    unsigned free_cpus = 0; // in no pool
    int xen_major = 0, xen_minor = 0, xen_pagesize = 0;
    std::uint64_t virt_start = 0;
    std::string xen_extra, xen_caps, xen_scheduler, xen_changeset, xen_commandline, cc_compiler, cc_compile_by,
        cc_compile_domain, cc_compile_date, build_id;
};
Result<HostInfo> host_info(Context& xen);

struct CpuPlace {
    unsigned cpu = 0, core = 0, socket = 0, node = 0;
};
struct DevicePlace {
    std::string address; // "0000:00:02.0"
    unsigned node = 0;
};
struct NumaNode {
    unsigned node = 0;
    std::uint64_t size_mib = 0, free_mib = 0;
    std::vector<unsigned> distances; // to node 0, 1, ...
};
Result<std::vector<CpuPlace>> cpu_topology(Context& xen); // of the processors that are there
std::vector<DevicePlace> device_topology(Context& xen);   // none: the firmware does not tell
Result<std::vector<NumaNode>> numa_nodes(Context& xen);

// How many numbers processors have: max_cpu_id + 1.
Result<std::size_t> cpu_numbers(Context& xen);
// Of no pool.
Result<CpuSet> free_cpus(Context& xen);
// parse_cpu_set() for this host.
Result<CpuSet> read_cpu_set(Context& xen, std::string_view text);

// As on Xen's serial console; Xen's log has the answers. Each key is one character.
Status send_debug_keys(Context& xen, const std::string& keys);
// Like Xen's command line, for what can be changed while it runs.
Status set_parameters(Context& xen, const std::string& parameters);

} // namespace bulkhead::xen
