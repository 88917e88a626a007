#include "xen/domain_list.hpp"

#include "xen/control.hpp"
#include "xen/store.hpp"
#include "xen/uuid.hpp"

#include <algorithm>
#include <array>

extern "C" {
#include <xenctrl.h>
}

namespace bulkhead::xen {
namespace {

constexpr unsigned at_once = 128; // domains, 16 KiB
constexpr std::uint64_t page_kib = 4;

bool has(const xc_domaininfo_t& domain, std::uint32_t flag) {
    return (domain.flags & flag) != 0;
}

DomainInfo info_of(const xc_domaininfo_t& from) {
    DomainInfo to;
    to.id = from.domain;
    to.uuid = uuid_text(from.handle);
    to.type = has(from, XEN_DOMINF_hvm_guest) ? "hvm" : "pv";
    to.running = has(from, XEN_DOMINF_running);
    to.blocked = has(from, XEN_DOMINF_blocked);
    to.paused = has(from, XEN_DOMINF_paused);
    to.shutdown = has(from, XEN_DOMINF_shutdown);
    to.dying = has(from, XEN_DOMINF_dying);
    if (to.shutdown)
        to.shutdown_reason = static_cast<int>((from.flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask);
    to.memory_kib = (from.tot_pages + from.outstanding_pages) * page_kib;
    to.max_memory_kib = from.max_pages * page_kib;
    to.vcpus = from.nr_online_vcpus;
    to.cpu_time_ns = from.cpu_time;
    return to;
}

Result<std::vector<std::optional<std::string>>> read_once(const std::vector<std::string>& paths) {
    Store store = TRY(Store::open());
    return store.read_each(paths);
}

// What xenstore knows of them: names, and whether what Xen calls HVM is PVH, which libxl keeps as it was asked for. All
// in one go: libxl would wait for one after the other.
Status read_nodes(std::vector<DomainInfo>& domains, WatchedNodes* nodes) {
    std::vector<std::string> paths;
    for (const DomainInfo& domain : domains) {
        const std::string id = std::to_string(domain.id);
        paths.push_back("/local/domain/" + id + "/name");
        if (domain.type == "hvm") paths.push_back("/libxl/" + id + "/type");
    }
    const auto values = TRY(nodes != nullptr ? nodes->read_each(paths) : read_once(paths));
    auto value = values.begin();
    for (DomainInfo& domain : domains) {
        domain.name = value++->value_or("");
        if (domain.type == "hvm" && *value++ == "pvh") domain.type = "pvh";
    }
    return {};
}

} // namespace

// Xen's own call, not libxl_list_domain(): that one asks Xen for the security label of each domain as well, one
// hypercall after the other.
Result<std::vector<DomainInfo>> list_domains(Context& xen, WatchedNodes* nodes) {
    std::vector<DomainInfo> domains;
    std::array<xc_domaininfo_t, at_once> part{};
    for (unsigned count = at_once; count == at_once;) {
        const unsigned first = domains.empty() ? 0 : domains.back().id + 1;
        const int listed = xc_domain_getinfolist(xen.control().get(), first, at_once, part.data());
        if (listed < 0) return fail_errno("cannot list the domains");
        count = static_cast<unsigned>(listed);
        std::transform(part.begin(), part.begin() + listed, std::back_inserter(domains), info_of);
    }
    TRY(read_nodes(domains, nodes));
    return domains;
}

} // namespace bulkhead::xen
