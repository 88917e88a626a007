#include "xen/host.hpp"

#include "base/text.hpp"
#include "xen/bitmap.hpp"
#include "xen/libxl.hpp"

#include <algorithm>
#include <cstdio>

namespace bulkhead::xen {
namespace {

struct PhysInfo {
    PhysInfo() { libxl_physinfo_init(&info); }
    ~PhysInfo() { libxl_physinfo_dispose(&info); }
    PhysInfo(const PhysInfo&) = delete;
    PhysInfo& operator=(const PhysInfo&) = delete;
    libxl_physinfo info{};
};

std::string virt_caps(const libxl_physinfo& info) {
    std::string words;
    const auto add = [&words](bool there, const char* word) {
        if (!there) return;
        if (!words.empty()) words += ' ';
        words += word;
    };
    add(info.cap_pv, "pv");
    add(info.cap_hvm, "hvm");
    add(info.cap_hvm && info.cap_hvm_directio, "hvm_directio");
    add(info.cap_pv && info.cap_hvm_directio, "pv_directio");
    add(info.cap_hap, "hap");
    add(info.cap_shadow, "shadow");
    add(info.cap_iommu_hap_pt_share, "iommu_hap_pt_share");
    add(info.cap_vmtrace, "vmtrace");
    add(info.cap_vpmu, "vpmu");
    add(info.cap_gnttab_v1, "gnttab-v1");
    add(info.cap_gnttab_v2, "gnttab-v2");
    return words;
}

void take_version(const libxl_version_info& from, HostInfo& to) {
    to.xen_major = from.xen_version_major;
    to.xen_minor = from.xen_version_minor;
    to.xen_pagesize = from.pagesize;
    to.virt_start = from.virt_start;
    to.xen_extra = text_of(from.xen_version_extra);
    to.xen_caps = text_of(from.capabilities);
    to.xen_changeset = text_of(from.changeset);
    to.xen_commandline = text_of(from.commandline);
    to.cc_compiler = text_of(from.compiler);
    to.cc_compile_by = text_of(from.compile_by);
    to.cc_compile_domain = text_of(from.compile_domain);
    to.cc_compile_date = text_of(from.compile_date);
    to.build_id = text_of(from.build_id);
}

} // namespace

Result<HostInfo> host_info(Context& xen) {
    xen.clear();
    PhysInfo physical;
    if (const int rc = libxl_get_physinfo(xen.get(), &physical.info); rc != 0)
        return xen.error("cannot ask Xen about the machine", rc);
    const libxl_version_info* const version = libxl_get_version_info(xen.get());
    if (version == nullptr || version->pagesize <= 0) return xen.error("cannot read Xen's version", ERROR_FAIL);
    const int scheduler = libxl_get_scheduler(xen.get());
    if (scheduler < 0) return xen.error("cannot ask for Xen's scheduler", scheduler);

    const libxl_physinfo& from = physical.info;
    HostInfo to;
    to.nr_cpus = from.nr_cpus;
    to.max_cpu_id = from.max_cpu_id;
    to.nr_nodes = from.nr_nodes;
    to.cores_per_socket = from.cores_per_socket;
    to.threads_per_core = from.threads_per_core;
    to.cpu_khz = from.cpu_khz;
    std::copy_n(from.hw_cap, to.hw_caps.size(), to.hw_caps.begin());
    to.virt_caps = virt_caps(from);
    const std::uint64_t pages_per_mib = (1U << 20) / static_cast<unsigned>(version->pagesize);
    to.total_memory = from.total_pages / pages_per_mib;
    to.free_memory = (from.free_pages - from.outstanding_pages) / pages_per_mib;
    to.sharing_freed_memory = from.sharing_freed_pages / pages_per_mib;
    to.sharing_used_memory = from.sharing_used_frames / pages_per_mib;
    to.outstanding_claims = from.outstanding_pages / pages_per_mib;
    const CpuSet free = TRY(free_cpus(xen));
    to.free_cpus = static_cast<unsigned>(std::count(free.begin(), free.end(), true));
    to.xen_scheduler = text_of(libxl_scheduler_to_string(static_cast<libxl_scheduler>(scheduler)));
    take_version(*version, to);
    return to;
}

Result<std::vector<CpuPlace>> cpu_topology(Context& xen) {
    xen.clear();
    int count = 0;
    libxl_cputopology* const list = libxl_get_cpu_topology(xen.get(), &count);
    if (list == nullptr) return xen.error("cannot ask Xen where the processors are", ERROR_FAIL);
    std::vector<CpuPlace> places;
    for (int i = 0; i < count; ++i) {
        if (list[i].core != LIBXL_CPUTOPOLOGY_INVALID_ENTRY)
            places.push_back({static_cast<unsigned>(i), list[i].core, list[i].socket, list[i].node});
    }
    libxl_cputopology_list_free(list, count);
    return places;
}

std::vector<DevicePlace> device_topology(Context& xen) {
    xen.clear();
    int count = 0;
    libxl_pcitopology* const list = libxl_get_pci_topology(xen.get(), &count);
    std::vector<DevicePlace> places;
    for (int i = 0; i < count && list != nullptr; ++i) {
        if (list[i].node == LIBXL_PCITOPOLOGY_INVALID_ENTRY) continue;
        char address[32];
        std::snprintf(address, sizeof address, "%04x:%02x:%02x.%01x", unsigned{list[i].seg}, unsigned{list[i].bus},
                      (unsigned{list[i].devfn} >> 3) & 0x1f, unsigned{list[i].devfn} & 7);
        DevicePlace place;
        place.address = address;
        place.node = list[i].node;
        places.push_back(std::move(place));
    }
    if (list != nullptr) libxl_pcitopology_list_free(list, count);
    return places;
}

Result<std::vector<NumaNode>> numa_nodes(Context& xen) {
    xen.clear();
    int count = 0;
    libxl_numainfo* const list = libxl_get_numainfo(xen.get(), &count);
    if (list == nullptr) return xen.error("cannot ask Xen about NUMA nodes", ERROR_FAIL);
    std::vector<NumaNode> nodes;
    for (int i = 0; i < count; ++i) {
        if (list[i].size == LIBXL_NUMAINFO_INVALID_ENTRY) continue;
        NumaNode& node = nodes.emplace_back();
        node.node = static_cast<unsigned>(i);
        node.size_mib = list[i].size >> 20;
        node.free_mib = list[i].free >> 20;
        for (int j = 0; j < list[i].num_dists; ++j) node.distances.push_back(list[i].dists[j]);
    }
    libxl_numainfo_list_free(list, count);
    return nodes;
}

Result<std::size_t> cpu_numbers(Context& xen) {
    xen.clear();
    const int count = libxl_get_max_cpus(xen.get());
    if (count <= 0) return xen.error("cannot ask Xen for the number of processors", count);
    return static_cast<std::size_t>(count);
}

Result<CpuSet> free_cpus(Context& xen) {
    const std::size_t count = TRY(cpu_numbers(xen));
    Bitmap map;
    if (const int rc = libxl_get_freecpus(xen.get(), map.get()); rc != 0)
        return xen.error("cannot ask Xen for processors that are in no pool", rc);
    return plain(*map.get(), count);
}

Result<CpuSet> read_cpu_set(Context& xen, std::string_view text) {
    const std::size_t count = TRY(cpu_numbers(xen));
    std::vector<CpuSet> nodes;
    for (const CpuPlace& place : TRY(cpu_topology(xen))) {
        if (place.node >= nodes.size()) nodes.resize(place.node + 1, CpuSet(count, false));
        if (place.cpu < count) nodes[place.node][place.cpu] = true;
    }
    return parse_cpu_set(text, count, nodes);
}

Status send_debug_keys(Context& xen, const std::string& keys) {
    xen.clear();
    std::string text = keys; // libxl takes it without const
    if (const int rc = libxl_send_debug_keys(xen.get(), text.data()); rc != 0)
        return xen.error("cannot send debug keys to Xen", rc);
    return {};
}

Status set_parameters(Context& xen, const std::string& parameters) {
    xen.clear();
    std::string text = parameters;
    if (const int rc = libxl_set_parameters(xen.get(), text.data()); rc != 0) {
        return xen.error("Xen refuses '" + printable(parameters, 128) +
                             "' (only few parameters can change at run time: xenhypfs ls /params)",
                         rc);
    }
    return {};
}

} // namespace bulkhead::xen
