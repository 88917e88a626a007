#include "xen/vcpu.hpp"

#include "xen/bitmap.hpp"
#include "xen/libxl.hpp"

#include <cerrno>
#include <memory>
#include <string>

namespace bulkhead::xen {
namespace {

// Owns what libxl_list_vcpu() gives.
struct VcpuList {
    VcpuList(libxl_ctx* ctx, unsigned domain) : items(libxl_list_vcpu(ctx, domain, &count, &cpus)) {}
    ~VcpuList() {
        if (items != nullptr) libxl_vcpuinfo_list_free(items, count);
    }
    VcpuList(const VcpuList&) = delete;
    VcpuList& operator=(const VcpuList&) = delete;
    int count = 0, cpus = 0;
    libxl_vcpuinfo* items;
};

std::string of(unsigned domain) {
    return " of domain " + std::to_string(domain);
}

} // namespace

Result<std::vector<VcpuInfo>> list_vcpus(Context& xen, unsigned domain, std::size_t cpus) {
    xen.clear();
    const VcpuList list(xen.get(), domain);
    if (list.items == nullptr) return xen.error("cannot list the virtual processors" + of(domain), ERROR_FAIL);
    std::vector<VcpuInfo> vcpus;
    for (int i = 0; i < list.count; ++i) {
        const libxl_vcpuinfo& from = list.items[i];
        VcpuInfo& to = vcpus.emplace_back();
        to.vcpu = from.vcpuid;
        to.cpu = from.cpu;
        to.online = from.online;
        to.running = from.running;
        to.blocked = from.blocked;
        to.time_ns = from.vcpu_time;
        to.hard = plain(from.cpumap, cpus);
        to.soft = plain(from.cpumap_soft, cpus);
    }
    return vcpus;
}

Status set_vcpus(Context& xen, unsigned domain, unsigned count) {
    xen.clear();
    std::size_t made = 0;
    {
        const VcpuList list(xen.get(), domain);
        if (list.items == nullptr) return xen.error("cannot list the virtual processors" + of(domain), ERROR_FAIL);
        made = static_cast<std::size_t>(list.count);
    }
    if (count < 1 || count > made) {
        return fail("the domain can have 1 to " + std::to_string(made) + " virtual processors, not " +
                        std::to_string(count) + "; more need a greater maxvcpus= in its configuration",
                    EINVAL);
    }
    Bitmap map(xen.get(), CpuSet(count, true));
    if (const int rc = libxl_set_vcpuonline(xen.get(), domain, map.get(), nullptr); rc != 0)
        return xen.error("cannot set the number of virtual processors" + of(domain), rc);
    return {};
}

Status pin_vcpu(Context& xen, unsigned domain, std::optional<unsigned> vcpu, const CpuSet* hard, const CpuSet* soft,
                bool force) {
    xen.clear();
    unsigned made = 0;
    {
        const VcpuList list(xen.get(), domain);
        if (list.items == nullptr) return xen.error("cannot list the virtual processors" + of(domain), ERROR_FAIL);
        made = static_cast<unsigned>(list.count);
    }
    if (vcpu && *vcpu >= made) {
        return fail("the domain has virtual processors 0 to " + std::to_string(made - 1) + ", no " +
                        std::to_string(*vcpu),
                    ENOENT);
    }
    const auto copy = [&](const CpuSet* set) {
        return set == nullptr ? nullptr : std::make_unique<Bitmap>(xen.get(), *set);
    };
    const std::unique_ptr<Bitmap> hard_map = copy(hard), soft_map = copy(soft);
    const libxl_bitmap* const hard_bits = hard_map ? hard_map->get() : nullptr;
    const libxl_bitmap* const soft_bits = soft_map ? soft_map->get() : nullptr;
    int rc = 0;
    if (!vcpu)
        rc = libxl_set_vcpuaffinity_all(xen.get(), domain, made, hard_bits, soft_bits);
    else if (force)
        rc = libxl_set_vcpuaffinity_force(xen.get(), domain, *vcpu, hard_bits, soft_bits);
    else
        rc = libxl_set_vcpuaffinity(xen.get(), domain, *vcpu, hard_bits, soft_bits);
    if (rc != 0)
        return xen.error("cannot pin virtual processor " + (vcpu ? std::to_string(*vcpu) : "(all)") + of(domain), rc);
    return {};
}

} // namespace bulkhead::xen
