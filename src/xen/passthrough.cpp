#include "xen/passthrough.hpp"

#include <cerrno>
#include <string>

extern "C" {
#include <xenctrl.h>
}

namespace bulkhead::xen {
namespace {

constexpr unsigned page_shift = 12; // XC_PAGE_SHIFT

Status done(int rc, const char* what, unsigned domain) {
    if (rc >= 0) return {};
    return fail_errno(std::string(what) + " of domain " + std::to_string(domain), errno);
}

} // namespace

Result<Passthrough> Passthrough::open() {
    return Passthrough(TRY(Control::open()));
}

Status Passthrough::deny_ports(unsigned domain, std::uint64_t first, std::uint64_t count) {
    return done(xc_domain_ioport_permission(control_.get(), domain, static_cast<std::uint32_t>(first),
                                            static_cast<std::uint32_t>(count), 0),
                "taking back I/O ports", domain);
}

Status Passthrough::deny_memory(unsigned domain, std::uint64_t first, std::uint64_t bytes) {
    const std::uint64_t pages = (bytes + (1U << page_shift) - 1) >> page_shift;
    return done(xc_domain_iomem_permission(control_.get(), domain, first >> page_shift, pages, 0),
                "taking back a device's memory", domain);
}

Status Passthrough::deny_interrupt(unsigned domain, unsigned interrupt) {
    (void)xc_physdev_unmap_pirq(control_.get(), domain, static_cast<int>(interrupt)); // not mapped: nothing to do
    const int rc = xc_domain_irq_permission(control_.get(), domain, interrupt, false);
    if (rc < 0 && errno == EINVAL) return {}; // there is no such pirq in the domain
    return done(rc, "taking back an interrupt", domain);
}

Status Passthrough::deassign(unsigned domain, std::uint32_t sbdf) {
    const int rc = xc_deassign_device(control_.get(), domain, sbdf);
    // ENODEV: another domain or nobody has it. EINVAL, EOPNOTSUPP: the domain has no IOMMU context, so it cannot have
    // it.
    if (rc < 0 && (errno == ENODEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS)) return {};
    return done(rc, "taking back a device", domain);
}

} // namespace bulkhead::xen
