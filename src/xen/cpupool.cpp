#include "xen/cpupool.hpp"

#include "base/text.hpp"
#include "xen/bitmap.hpp"
#include "xen/host.hpp"
#include "xen/libxl.hpp"

#include <algorithm>
#include <cerrno>

namespace bulkhead::xen {

Result<std::vector<CpuPool>> list_cpupools(Context& xen) {
    const std::size_t cpus = TRY(cpu_numbers(xen));
    int count = 0;
    libxl_cpupoolinfo* const list = libxl_list_cpupool(xen.get(), &count);
    if (list == nullptr) return xen.error("cannot list the CPU pools", ERROR_FAIL);
    std::vector<CpuPool> pools;
    for (int i = 0; i < count; ++i) {
        CpuPool& pool = pools.emplace_back();
        pool.id = list[i].poolid;
        pool.name = text_of(list[i].pool_name);
        pool.scheduler = text_of(libxl_scheduler_to_string(list[i].sched));
        pool.domains = list[i].n_dom;
        pool.cpus = plain(list[i].cpumap, cpus);
    }
    libxl_cpupoolinfo_list_free(list, count);
    std::sort(pools.begin(), pools.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return pools;
}

Result<CpuPool> find_cpupool(Context& xen, const std::string& wanted) {
    const std::vector<CpuPool> pools = TRY(list_cpupools(xen));
    const auto id = parse_unsigned(wanted);
    std::vector<std::string> names;
    for (const CpuPool& pool : pools) {
        if (id ? *id == pool.id : pool.name == wanted) return pool; // as libxl takes them
        names.push_back(pool.name);
    }
    return fail("there is no CPU pool '" + printable(wanted, 64) + "'; there is: " + printable(join(names, ", ")),
                ENOENT);
}

Result<CpuPool> cpupool_of(Context& xen, unsigned domain) {
    xen.clear();
    libxl_dominfo info;
    libxl_dominfo_init(&info);
    const int rc = libxl_domain_info(xen.get(), &info, domain);
    const unsigned pool = info.cpupool;
    libxl_dominfo_dispose(&info);
    if (rc != 0) return xen.error("cannot ask Xen about domain " + std::to_string(domain), rc);
    return find_cpupool(xen, std::to_string(pool));
}

} // namespace bulkhead::xen
