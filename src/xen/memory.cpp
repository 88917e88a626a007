#include "xen/memory.hpp"

#include "xen/libxl.hpp"

#include <algorithm>
#include <string>

namespace bulkhead::xen {
namespace {

std::string amount(std::uint64_t kib) {
    return kib % 1024 == 0 ? std::to_string(kib / 1024) + " MiB" : std::to_string(kib) + " KiB";
}

} // namespace

Result<std::vector<DomainUse>> domain_use(Context& xen) {
    xen.clear();
    int count = 0;
    libxl_dominfo* const list = libxl_list_domain(xen.get(), &count);
    if (list == nullptr) return xen.error("cannot list the domains", ERROR_FAIL);
    std::vector<DomainUse> uses;
    for (int i = 0; i < count; ++i) {
        const libxl_dominfo& from = list[i];
        uses.push_back({from.domid, from.outstanding_memkb, from.shared_memkb, from.vcpu_max_id + 1, from.ssidref});
    }
    libxl_dominfo_list_free(list, count);
    std::sort(uses.begin(), uses.end(), [](const auto& a, const auto& b) { return a.domain < b.domain; });
    return uses;
}

Status set_memory_target(Context& xen, unsigned domain, std::uint64_t kib) {
    xen.clear();
    const int rc = libxl_set_memory_target(xen.get(), domain, static_cast<std::int64_t>(kib), 0, 1);
    if (rc != 0)
        return xen.error("cannot set the memory of domain " + std::to_string(domain) + " to " + amount(kib), rc);
    return {};
}

Status set_memory_max(Context& xen, unsigned domain, std::uint64_t kib) {
    xen.clear();
    const int rc = libxl_domain_setmaxmem(xen.get(), domain, kib);
    if (rc != 0) {
        return xen.error("cannot set the greatest memory of domain " + std::to_string(domain) + " to " + amount(kib),
                         rc);
    }
    return {};
}

} // namespace bulkhead::xen
