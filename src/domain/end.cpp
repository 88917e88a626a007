#include "domain/end.hpp"

#include "base/log.hpp"
#include "domain/pci_change.hpp"
#include "domain/vif_rules.hpp"
#include "xen/domain.hpp"

#include <algorithm>

namespace bulkhead::domain {

Status end_domain(xen::Context& xen, unsigned domain) {
    const auto domains = TRY(xen::list_domains(xen));
    const auto found = std::find_if(domains.begin(), domains.end(), [=](const auto& d) { return d.id == domain; });
    if (found != domains.end() && found->type == "pv") { // others have their devices from a device model
        (void)xen::pause_domain(xen, domain);            // one that has shut down needs none
        if (const Status taken = abandon_pcis(xen, domain); !taken)
            log::warning("domain '" + found->name +
                         "': its devices are taken by libxl, which may take longer: " + taken.error().message);
    }
    TRY(xen::destroy_domain(xen, domain));
    forget_rules(domain);
    return {};
}

} // namespace bulkhead::domain
