#include "xen/usb.hpp"

#include "xen/libxl.hpp"
#include "xen/spec_convert.hpp"
#include "xen/spec_devices.hpp"

namespace bulkhead::xen {
namespace {

using Add = Status (*)(libxl_domain_config&, const ConfigValue&, OptionNotes&);

// The one item that `text` describes, in a configuration that owns it.
Status read_item(Config& config, const std::string& text, Add add) {
    OptionNotes notes;
    return add(*config, {false, text, {}, 0}, notes);
}

std::vector<UsbDevice> list_devices(Context& xen, unsigned domain) {
    int count = 0;
    libxl_device_usbdev* const list = libxl_device_usbdev_list(xen.get(), domain, &count);
    std::vector<UsbDevice> devices;
    for (int i = 0; i < count && list != nullptr; ++i) {
        devices.push_back({static_cast<unsigned>(list[i].ctrl), static_cast<unsigned>(list[i].port),
                           list[i].u.hostdev.hostbus, list[i].u.hostdev.hostaddr});
    }
    if (list != nullptr) libxl_device_usbdev_list_free(list, count);
    return devices;
}

std::string of_domain(unsigned domain) {
    return " of domain " + std::to_string(domain);
}

} // namespace

Result<UsbDevice> parse_usb_device(const std::string& text) {
    Config config;
    TRY(read_item(config, text, add_usbdev));
    const libxl_device_usbdev& device = config->usbdevs[0];
    if (device.u.hostdev.hostbus == 0 || device.u.hostdev.hostaddr == 0)
        return fail("a USB device is named by hostbus= and hostaddr=, as lsusb prints them", EINVAL);
    return UsbDevice{0, 0, device.u.hostdev.hostbus, device.u.hostdev.hostaddr};
}

Result<std::vector<UsbController>> list_usb(Context& xen, unsigned domain) {
    xen.clear();
    int count = 0;
    libxl_device_usbctrl* const list = libxl_device_usbctrl_list(xen.get(), domain, &count);
    std::vector<UsbController> controllers;
    int rc = 0;
    for (int i = 0; i < count && list != nullptr && rc == 0; ++i) {
        libxl_usbctrlinfo info;
        libxl_usbctrlinfo_init(&info);
        rc = libxl_device_usbctrl_getinfo(xen.get(), domain, &list[i], &info);
        if (rc == 0) {
            controllers.push_back({static_cast<unsigned>(info.devid),
                                   text_of(libxl_usbctrl_type_to_string(info.type)),
                                   info.backend_id,
                                   info.state,
                                   info.version,
                                   static_cast<unsigned>(info.ports),
                                   {}});
        }
        libxl_usbctrlinfo_dispose(&info);
    }
    if (list != nullptr) libxl_device_usbctrl_list_free(list, count);
    if (rc != 0) return xen.error("cannot list the USB controllers" + of_domain(domain), rc);
    for (const UsbDevice& device : list_devices(xen, domain)) {
        for (UsbController& controller : controllers) {
            if (controller.devid == device.controller) controller.devices.push_back(device);
        }
    }
    return controllers;
}

Status add_usb_controller(Context& xen, unsigned domain, const std::string& text, unsigned devid) {
    Config config;
    TRY(read_item(config, text, add_usbctrl));
    config->usbctrls[0].devid = static_cast<libxl_devid>(devid);
    xen.clear();
    const int rc = libxl_device_usbctrl_add(xen.get(), domain, &config->usbctrls[0], nullptr);
    if (rc != 0) return xen.error("cannot add a USB controller to domain " + std::to_string(domain), rc);
    return {};
}

Status remove_usb_controller(Context& xen, unsigned domain, unsigned devid) {
    libxl_device_usbctrl controller;
    libxl_device_usbctrl_init(&controller);
    controller.devid = static_cast<libxl_devid>(devid);
    xen.clear();
    int rc = libxl_devid_to_device_usbctrl(xen.get(), domain, controller.devid, &controller);
    if (rc == 0) rc = libxl_device_usbctrl_remove(xen.get(), domain, &controller, nullptr);
    libxl_device_usbctrl_dispose(&controller);
    if (rc != 0) return xen.error("cannot remove USB controller " + std::to_string(devid) + of_domain(domain), rc);
    return {};
}

Status add_usb_device(Context& xen, unsigned domain, const std::string& text) {
    Config config;
    TRY(read_item(config, text, add_usbdev));
    xen.clear();
    const int rc = libxl_device_usbdev_add(xen.get(), domain, &config->usbdevs[0], nullptr);
    if (rc != 0) return xen.error("cannot give a USB device to domain " + std::to_string(domain), rc);
    return {};
}

Status remove_usb_device(Context& xen, unsigned domain, unsigned controller, unsigned port) {
    libxl_device_usbdev device;
    libxl_device_usbdev_init(&device);
    xen.clear();
    int rc = libxl_ctrlport_to_device_usbdev(xen.get(), domain, static_cast<int>(controller), static_cast<int>(port),
                                             &device);
    if (rc == 0) rc = libxl_device_usbdev_remove(xen.get(), domain, &device, nullptr);
    libxl_device_usbdev_dispose(&device);
    if (rc != 0)
        return xen.error("cannot take the USB device at controller " + std::to_string(controller) + ", port " +
                             std::to_string(port) + of_domain(domain),
                         rc);
    return {};
}

} // namespace bulkhead::xen
