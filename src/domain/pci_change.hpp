// PCI devices that come to and go from a running domain, so that being killed half-way can be made good. For workers.
#pragma once

#include "base/result.hpp"
#include "pci/address.hpp"
#include "xen/context.hpp"
#include "xen/domain.hpp"
#include "xen/domain_spec.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::domain {

// The devices that a specification means: one, all functions of one ("00:02.*"), or the one with a name. `domain`:
// whose devices may have the name, beside those that are assignable.
Result<std::vector<pci::Address>> addresses_of(xen::Context& xen, unsigned domain, const std::string& spec);

class Gate;

// Called once, before anything is done, with what withdraw_pcis() needs.
using PciIntent = std::function<Status(const std::string& addresses)>;

// Errors before the intent: not assignable, another domain has it, the domain was made without an IOMMU context.
Status attach_pci(xen::Context& xen, const xen::DomainInfo& domain, const xen::PciSpec& spec, const Gate& gate,
                  const PciIntent& intent);
Status detach_pci(xen::Context& xen, const xen::DomainInfo& domain, const xen::PciSpec& spec, bool force,
                  const PciIntent& intent);

// Takes each of the devices (addresses with blanks between) from the domain, in whatever state an attach or a detach
// was left: afterwards the domain has no right to it, no node tells of it, and it is assignable.
Status withdraw_pcis(xen::Context& xen, unsigned domain, std::string_view addresses);

// Takes all devices from a domain that is paused or dead and is about to be destroyed, without asking it. A device that
// it was still using finds no memory any more (the IOMMU blocks it); xen-pciback resets it when its back end goes, and
// libxl again before the next domain gets it.
Status abandon_pcis(xen::Context& xen, unsigned domain);

// Which domain has the device, by xenstore: pciback holds it for all of them.
Status check_free(xen::Context& xen, const std::vector<xen::DomainInfo>& domains, const pci::Address& address);

} // namespace bulkhead::domain
