#include "domain/pci_change.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "domain/gate.hpp"
#include "pci/sysfs.hpp"
#include "xen/passthrough.hpp"
#include "xen/pci.hpp"
#include "xen/store.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace bulkhead::domain {
namespace {

std::string joined(const std::vector<pci::Address>& addresses) {
    std::vector<std::string> texts;
    for (const pci::Address& address : addresses) texts.push_back(pci::address_text(address));
    return join(texts, " ");
}

Result<bool> has(xen::Context& xen, unsigned domain, const std::string& address) {
    const auto devices = TRY(xen::domain_devices(xen, domain));
    return std::any_of(devices.begin(), devices.end(), [&](const auto& device) { return device.address == address; });
}

Status revoke(unsigned domain, const pci::Address& address) {
    xen::Passthrough xen = TRY(xen::Passthrough::open());
    const pci::Claims claims = TRY(pci::Sysfs().claims(address));
    for (const pci::Range& range : claims.ranges) {
        TRY(range.ports ? xen.deny_ports(domain, range.first, range.size)
                        : xen.deny_memory(domain, range.first, range.size));
    }
    if (claims.interrupt != 0) TRY(xen.deny_interrupt(domain, claims.interrupt));
    const std::uint32_t sbdf = std::uint32_t{address.domain} << 16 | std::uint32_t{address.bus} << 8 |
                               std::uint32_t{address.device} << 3 | address.function;
    return xen.deassign(domain, sbdf);
}

struct Noted {
    bool alone = false;   // the back end's only device
    bool closing = false; // libxl has told pciback to let it go, which can be asked only once
};

std::string backend_of(unsigned domain) {
    return "/local/domain/0/backend/pci/" + std::to_string(domain);
}

Result<Noted> noted(unsigned domain, const std::string& address) {
    xen::Store store = TRY(xen::Store::open());
    const std::string path = backend_of(domain) + "/0/";
    Noted found;
    found.alone = TRY(store.read_if(path + "num_devs")) == "1" && TRY(store.read_if(path + "dev-0")) == address;
    found.closing = found.alone && TRY(store.read_if(path + "state-0")) == "5"; // XenbusStateClosing
    return found;
}

// What libxl does as the last step when the last device goes: both ends and its own notes. Each device's own folder
// goes first: the kernels on both sides look only at events that name it (xenbus_dev_changed() in Linux), not at its
// parents'.
Status remove_ends(unsigned domain) {
    const std::string id = std::to_string(domain);
    xen::Store store = TRY(xen::Store::open());
    return store.transaction([&](xen::Transaction& now) -> Status {
        for (const std::string& parent :
             {"/local/domain/" + id + "/device/pci", "/libxl/" + id + "/device/pci", backend_of(domain)}) {
            TRY(now.remove(parent + "/0"));
            if (const auto others = now.list(parent); others && others->empty()) TRY(now.remove(parent));
        }
        if (const auto others = now.list("/local/domain/0/backend/pci"); others && others->empty())
            TRY(now.remove("/local/domain/0/backend/pci"));
        return {};
    });
}

// libxl notes at /libxl/pci/DDDD-BB-DD-F/domid who has a device; it is "assignable" only without the note.
Status forget_owner(unsigned domain, const pci::Address& address) {
    char name[16];
    std::snprintf(name, sizeof name, "%04x-%02x-%02x-%x", unsigned{address.domain}, unsigned{address.bus},
                  unsigned{address.device}, unsigned{address.function});
    const std::string node = std::string("/libxl/pci/") + name + "/domid";
    xen::Store store = TRY(xen::Store::open());
    return store.transaction([&](xen::Transaction& now) -> Status {
        if (TRY(now.read_if(node)) != std::to_string(domain)) return {};
        return now.remove(node);
    });
}

} // namespace

Result<std::vector<pci::Address>> addresses_of(xen::Context& xen, unsigned domain, const std::string& spec) {
    if (const auto one = pci::address_of_spec(spec)) return std::vector<pci::Address>{*one};
    std::vector<pci::Address> found;
    if (const std::size_t star = spec.find(".*"); star != std::string::npos) {
        for (char function = '0'; function <= '7'; ++function) {
            std::string text = spec;
            text[star + 1] = function;
            const auto address = pci::address_of_spec(text);
            if (address && pci::Sysfs().device(*address)) found.push_back(*address);
        }
    } else {
        std::vector<xen::PciInfo> devices = TRY(xen::assignable_devices(xen));
        for (xen::PciInfo& device : TRY(xen::domain_devices(xen, domain))) devices.push_back(std::move(device));
        for (const xen::PciInfo& device : devices) {
            if (device.name.empty() || spec.find(device.name) == std::string::npos) continue;
            if (const auto address = pci::parse_address(device.address)) found.push_back(*address);
        }
    }
    if (found.empty()) return fail("there is no PCI device '" + printable(spec, 64) + "'", ENOENT);
    return found;
}

Status check_free(xen::Context& xen, const std::vector<xen::DomainInfo>& domains, const pci::Address& address) {
    const std::string text = pci::address_text(address);
    for (const xen::DomainInfo& domain : domains) {
        for (const xen::PciInfo& used : TRY(xen::domain_devices(xen, domain.id))) {
            if (used.address == text)
                return fail("PCI device " + text + " is in use by domain '" + domain.name + "'", EBUSY);
        }
    }
    return {};
}

Status attach_pci(xen::Context& xen, const xen::DomainInfo& domain, const xen::PciSpec& spec, const Gate& gate,
                  const PciIntent& intent) {
    const bool seize = spec.seize || spec.text.find("seize=1") != std::string::npos;
    const std::vector<pci::Address> addresses = TRY(addresses_of(xen, domain.id, spec.text));
    const auto domains = TRY(xen::list_domains(xen));
    for (const pci::Address& address : addresses) {
        TRY(check_free(xen, domains, address)); // first: a device in use is not assignable either
        if (!seize) TRY(pci::check_assignable(pci::Sysfs(), address));
    }
    TRY(gate.pci(xen, domain, spec.text));
    TRY(intent(joined(addresses)));
    Status attached = xen::attach_device(xen, domain.id, spec);
    // Whether a domain has an IOMMU context is settled at its creation, and libxl does not keep what it chose.
    if (!attached && attached.error().message.find("Operation not supported") != std::string::npos) {
        return fail("'" + domain.name +
                        "' was created without an IOMMU context, so it can have no PCI device; create it with "
                        "passthrough=\"enabled\" or with a pci= of its own (" +
                        attached.error().message + ")",
                    EOPNOTSUPP);
    }
    return attached;
}

Status detach_pci(xen::Context& xen, const xen::DomainInfo& domain, const xen::PciSpec& spec, bool force,
                  const PciIntent& intent) {
    const std::vector<pci::Address> addresses = TRY(addresses_of(xen, domain.id, spec.text));
    for (const pci::Address& address : addresses) {
        const std::string text = pci::address_text(address);
        if (!TRY(has(xen, domain.id, text)))
            return fail("'" + domain.name + "' does not have PCI device " + text + "; see: bulkhead pci-list " +
                            domain.name,
                        ENOENT);
    }
    TRY(intent(joined(addresses)));
    return xen::detach_device(xen, domain.id, spec, force);
}

Status abandon_pcis(xen::Context& xen, unsigned domain) {
    const auto devices = TRY(xen::domain_devices(xen, domain));
    if (devices.empty()) return {};
    for (const xen::PciInfo& device : devices) {
        const auto address = pci::parse_address(device.address);
        if (!address) return fail("not a PCI address: " + printable(device.address, 64));
        TRY(revoke(domain, *address));
        TRY(forget_owner(domain, *address));
    }
    return remove_ends(domain);
}

Status withdraw_pcis(xen::Context& xen, unsigned domain, std::string_view addresses) {
    for (const std::string_view text : words(addresses)) {
        const auto address = pci::parse_address(text);
        if (!address) return fail("not a PCI address: " + printable(text, 64));
        xen::PciSpec spec;
        spec.text = pci::address_text(*address);
        if (TRY(has(xen, domain, spec.text))) {
            // What libxl knows of, libxl removes, the guest's cooperation or not.
            if (!TRY(noted(domain, spec.text)).closing) {
                const Status removed = xen::detach_device(xen, domain, spec, true);
                if (!removed) log::warning(removed.error().message);
            }
        }
        TRY(revoke(domain, *address));
        if (TRY(noted(domain, spec.text)).alone) TRY(remove_ends(domain));
        if (TRY(has(xen, domain, spec.text))) {
            return fail(spec.text + " is still noted as domain " + std::to_string(domain) + "'s; destroy the domain");
        }
        TRY(forget_owner(domain, *address));
    }
    return {};
}

} // namespace bulkhead::domain
