#include "domain/undo.hpp"

#include "base/log.hpp"
#include "domain/disk_change.hpp"
#include "domain/end.hpp"
#include "domain/gate.hpp"
#include "domain/names.hpp"
#include "domain/pci_change.hpp"
#include "domain/save.hpp"
#include "domain/vif_rules.hpp"
#include "xen/domain.hpp"
#include "xen/nic.hpp"
#include "xen/usb.hpp"

namespace bulkhead::domain {

bool concerns_device(const Operation& operation) {
    return operation.verb.starts_with("network-") || operation.verb.starts_with("pci-") ||
           operation.verb.starts_with("block-") || operation.verb.starts_with("usb");
}

bool undo_after_failure(const Operation& operation) {
    return !operation.verb.ends_with("-detach");
}

namespace {

// A controller by its number, or a device as Gate calls it.
Status withdraw_usb(xen::Context& xen, unsigned domain, const std::string& what) {
    const std::vector<xen::UsbController> controllers = TRY(xen::list_usb(xen, domain));
    for (const xen::UsbController& controller : controllers) {
        if (std::to_string(controller.devid) == what) return xen::remove_usb_controller(xen, domain, controller.devid);
        for (const xen::UsbDevice& device : controller.devices) {
            if (usb_device(device) == what) return xen::remove_usb_device(xen, domain, device.controller, device.port);
        }
    }
    return {};
}

} // namespace

Status take_back(xen::Context& xen, const Operation& operation) {
    const auto domains = TRY(xen::list_domains(xen));
    const auto found = find_domain(domains, operation.uuid);
    if (operation.verb == "save")
        return undo_save(xen, found ? std::optional<unsigned>(found->id) : std::nullopt, operation.detail);
    if (!found) return {}; // nothing was made yet, or it went with its domain
    if (operation.verb == "network-attach" || operation.verb == "network-detach") {
        // Number and MAC address: the number alone may by now be somebody else's vif.
        for (const xen::NicInfo& nic : TRY(xen::list_nics(xen, found->id))) {
            if (std::to_string(nic.devid) + " " + nic.mac != operation.detail) continue;
            TRY(xen::destroy_nic(xen, found->id, nic.devid));
            forget_rules(found->id, nic.devid);
        }
        return {};
    }
    if (operation.verb == "pci-attach" || operation.verb == "pci-detach") {
        return withdraw_pcis(xen, found->id, operation.detail);
    }
    if (operation.verb == "block-attach") return withdraw_disk(xen, found->id, operation.detail);
    if (operation.verb == "block-detach") {
        // The guest decides again: by force its data may be lost.
        const std::string vdev = operation.detail.substr(0, operation.detail.find(' '));
        if (!TRY(xen::find_disk(xen, found->id, vdev))) return {};
        if (const Status removed = xen::remove_disk(xen, found->id, vdev); !removed)
            log::warning("domain '" + found->name + "' keeps its disk: " + removed.error().message);
        return {};
    }
    if (operation.verb.starts_with("usb")) return withdraw_usb(xen, found->id, operation.detail);
    return end_domain(xen, found->id);
}

} // namespace bulkhead::domain
