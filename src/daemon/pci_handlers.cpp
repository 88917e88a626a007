#include "daemon/arguments.hpp"
#include "daemon/handlers.hpp"

#include "base/text.hpp"
#include "domain/gate.hpp"
#include "domain/pci_change.hpp"
#include "pci/sysfs.hpp"
#include "xen/pci.hpp"
#include "xen/spec_options.hpp"

#include <cerrno>

namespace bulkhead::daemon {
namespace {

constexpr seconds change_deadline{60}; // libxl sleeps up to 10 s, and a driver may take its time to let go

json describe(const xen::PciInfo& device) {
    json object = {{"address", device.address}};
    if (!device.name.empty()) object["name"] = device.name;
    return object;
}

Result<pci::Address> address_of(const std::string& text) {
    const auto address = pci::parse_address(text);
    if (!address)
        return fail("'" + printable(text, 64) + "' is not a PCI address such as 0000:00:02.0 or 00:02.0", EINVAL);
    return *address;
}

// BDF or the name given by pci-assignable-add -n.
Result<std::string> resolve(xen::Context& xen, const std::string& wanted) {
    for (const xen::PciInfo& device : TRY(xen::assignable_devices(xen))) {
        if (!device.name.empty() && device.name == wanted) return device.address;
    }
    return pci::address_text(TRY(address_of(wanted)));
}

Status assignable_list(Manager& manager, const CallPointer& call) {
    const auto body = [](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        json devices = json::array();
        for (const xen::PciInfo& device : TRY(xen::assignable_devices(xen))) devices.push_back(describe(device));
        return json_line({{"devices", devices}});
    };
    return run_while_connected(manager, call, manager.run("pci-assignable-list", query_deadline, body, reply_to(call)));
}

Status assignable_add(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const pci::Address address = TRY(address_of(TRY(arguments.needed_text("device"))));
    const std::string name = TRY(arguments.text("name"));
    const auto body = [address, name](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        // All that can be known is checked before libxl takes the device from its driver.
        const pci::Sysfs sysfs;
        const pci::Device device = TRY(sysfs.device(address));
        if (!sysfs.has_pciback()) return fail("xen-pciback is not loaded in dom0; run: modprobe xen-pciback", ENODEV);
        if (!TRY(xen::has_iommu(xen))) {
            return fail(
                "this host has no working IOMMU, so the device cannot be isolated; turn on VT-d or AMD-Vi in the "
                "firmware and boot Xen with iommu=1",
                ENODEV);
        }
        TRY(xen::make_assignable(xen, pci::address_text(address), name));
        return json_line({{"address", pci::address_text(address)}, {"driver", device.driver}});
    };
    TRY(manager.run("pci-assignable-add", change_deadline, body, reply_to(call)));
    return {};
}

Status assignable_remove(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const std::string wanted = TRY(arguments.needed_text("device"));
    const bool rebind = TRY(arguments.flag("rebind"));
    const auto body = [wanted, rebind](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        const std::string address = TRY(resolve(xen, wanted));
        const pci::Device device = TRY(pci::Sysfs().device(TRY(address_of(address))));
        if (device.driver != pci::pciback_driver) {
            return fail(address + " is not assignable" +
                            (device.driver.empty() ? "" : ": dom0's driver '" + device.driver + "' has it"),
                        ENOENT);
        }
        for (const xen::DomainInfo& domain : TRY(xen::list_domains(xen))) {
            for (const xen::PciInfo& used : TRY(xen::domain_devices(xen, domain.id))) {
                if (used.address == address) {
                    return fail(address + " is in use by domain '" + domain.name + "'; run: bulkhead pci-detach " +
                                    domain.name + " " + address,
                                EBUSY);
                }
            }
        }
        TRY(xen::make_unassignable(xen, address, rebind));
        return json_line({{"address", address}});
    };
    TRY(manager.run("pci-assignable-remove", change_deadline, body, reply_to(call)));
    return {};
}

Status list_devices(Manager& manager, const CallPointer& call) {
    const xen::DomainInfo domain = TRY(Arguments(*call).domain(manager));
    const auto body = [id = domain.id](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        json devices = json::array();
        for (const xen::PciInfo& device : TRY(xen::domain_devices(xen, id))) {
            json object = describe(device);
            object["slot"] = device.slot;
            object["function"] = device.function;
            devices.push_back(std::move(object));
        }
        return json_line({{"devices", devices}});
    };
    return run_while_connected(manager, call, manager.run("pci-list", query_deadline, body, reply_to(call)));
}

Status change(Manager& manager, const CallPointer& call, bool attach) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    if (domain.id == 0)
        return fail("Domain-0 has its devices from the host: use pci-assignable-add and -remove", EINVAL);
    if (attach && domain.type == "pvh") return fail("Xen 4.17 cannot give PCI devices to a PVH domain", EINVAL);
    xen::PciSpec spec;
    spec.text = TRY(arguments.needed_text("device"));
    const bool force = TRY(arguments.flag("force"));
    if (const Status valid = xen::check_pci(spec.text); !valid) {
        return fail("'" + printable(spec.text, 64) + "' " + valid.error().message, EINVAL);
    }
    const auto body = [domain, spec, attach, force](xen::Context& xen, const WorkerSide& side) -> Result<std::string> {
        const auto intent = [&](const std::string& addresses) { return side.intent(addresses); };
        TRY(attach ? domain::attach_pci(xen, domain, spec, domain::Gate(side, "pci-attach"), intent)
                   : domain::detach_pci(xen, domain, spec, force, intent));
        return std::string("{}");
    };
    std::function<void()> gone;
    if (const auto address = pci::address_of_spec(spec.text); !attach && address) {
        gone = [&manager, uuid = domain.uuid, device = domain::pci_device(pci::address_text(*address))] {
            manager.security().detached(uuid, device);
        };
    }
    TRY(manager.run_on(attach ? "pci-attach" : "pci-detach", domain, change_deadline, body, reply_to(call), gone));
    return {};
}

Status attach_device(Manager& manager, const CallPointer& call) {
    return change(manager, call, true);
}

Status detach_device(Manager& manager, const CallPointer& call) {
    return change(manager, call, false);
}

} // namespace

const std::vector<Verb>& pci_verbs() {
    static const std::vector<Verb> verbs = {{"pci-assignable-list", true, assignable_list},
                                            {"pci-assignable-add", false, assignable_add},
                                            {"pci-assignable-remove", false, assignable_remove},
                                            {"pci-list", true, list_devices},
                                            {"pci-attach", false, attach_device},
                                            {"pci-detach", false, detach_device}};
    return verbs;
}

} // namespace bulkhead::daemon
