#include "xen/pci.hpp"

#include "base/log.hpp"
#include "xen/libxl.hpp"
#include "xen/report.hpp"
#include "xen/spec_convert.hpp"

#include <cstdio>
#include <cstring>

namespace bulkhead::xen {
namespace {

PciInfo plain(const libxl_device_pci& from) {
    char address[32];
    std::snprintf(address, sizeof address, "%04x:%02x:%02x.%x", static_cast<unsigned>(from.domain), from.bus, from.dev,
                  from.func);
    PciInfo info;
    info.address = address;
    info.name = text_of(from.name);
    info.slot = (from.vdevfn >> 3) & 0x1f;
    info.function = from.vdevfn & 7;
    return info;
}

Status parse_address(const std::string& address, libxl_device_pci* device) {
    Report report;
    if (xlu_pci_parse_bdf(report.config(), device, address.c_str()) != 0) {
        return report.error("'" + address + "' is not a PCI address such as 0000:00:02.0");
    }
    return {};
}

} // namespace

void warn_of_no_reset(const Context& xen) {
    for (const std::string& message : xen.messages()) {
        if (message.find("reset") != std::string::npos)
            log::warning(message + "; what its last owner left in the device is still there");
    }
}

Result<bool> has_iommu(Context& xen) {
    libxl_physinfo info;
    libxl_physinfo_init(&info);
    xen.clear();
    const int rc = libxl_get_physinfo(xen.get(), &info);
    const bool answer = info.cap_hvm_directio; // XEN_SYSCTL_PHYSCAP_directio: for PV and HVM alike (sysctl.h)
    libxl_physinfo_dispose(&info);
    if (rc != 0) return xen.error("cannot ask Xen about the IOMMU", rc);
    return answer;
}

Result<std::vector<PciInfo>> assignable_devices(Context& xen) {
    xen.clear();
    int count = 0;
    libxl_device_pci* list = libxl_device_pci_assignable_list(xen.get(), &count);
    std::vector<PciInfo> devices; // no list: none, or xen-pciback is not loaded
    for (int i = 0; i < count && list != nullptr; ++i) devices.push_back(plain(list[i]));
    if (list != nullptr) libxl_device_pci_assignable_list_free(list, count);
    return devices;
}

Status make_assignable(Context& xen, const std::string& address, const std::string& name) {
    Pci device;
    TRY(parse_address(address, device.get()));
    if (!name.empty()) device->name = ::strdup(name.c_str());
    xen.clear();
    const int rc = libxl_device_pci_assignable_add(xen.get(), device.get(), 1);
    if (rc != 0) return xen.error("cannot make " + address + " assignable", rc);
    return {};
}

Status make_unassignable(Context& xen, const std::string& address, bool rebind) {
    Pci device;
    TRY(parse_address(address, device.get()));
    xen.clear();
    const int rc = libxl_device_pci_assignable_remove(xen.get(), device.get(), rebind ? 1 : 0);
    if (rc != 0) return xen.error("cannot take " + address + " back", rc);
    return {};
}

Result<std::vector<PciInfo>> domain_devices(Context& xen, unsigned domain) {
    xen.clear();
    int count = 0;
    libxl_device_pci* list = libxl_device_pci_list(xen.get(), domain, &count);
    std::vector<PciInfo> devices;
    for (int i = 0; i < count && list != nullptr; ++i) devices.push_back(plain(list[i]));
    if (list != nullptr) libxl_device_pci_list_free(list, count);
    return devices;
}

Status attach_device(Context& xen, unsigned domain, const PciSpec& spec) {
    Pci device;
    TRY(convert(spec, *device.get()));
    xen.clear();
    const int rc = libxl_device_pci_add(xen.get(), domain, device.get(), nullptr);
    if (rc != 0) return xen.error("cannot attach " + spec.text + " to domain " + std::to_string(domain), rc);
    warn_of_no_reset(xen);
    return {};
}

Status detach_device(Context& xen, unsigned domain, const PciSpec& spec, bool force) {
    Pci device;
    TRY(convert(spec, *device.get()));
    xen.clear();
    const int rc = force ? libxl_device_pci_destroy(xen.get(), domain, device.get(), nullptr)
                         : libxl_device_pci_remove(xen.get(), domain, device.get(), nullptr);
    if (rc != 0) return xen.error("cannot detach " + spec.text + " from domain " + std::to_string(domain), rc);
    return {};
}

} // namespace bulkhead::xen
