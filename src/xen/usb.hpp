// USB controllers and host devices of domains, through libxl. For worker processes: libxl waits for QEMU and backends.
#pragma once

#include "base/result.hpp"
#include "xen/context.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bulkhead::xen {

struct UsbDevice {
    unsigned controller = 0, port = 0; // where the domain has it; ports count from 1
    unsigned bus = 0, address = 0;     // where the host has it, 1 to 255, as lsusb(8) prints them
};

struct UsbController {
    unsigned devid = 0;
    std::string type; // "pv", "qusb", "devicemodel"
    unsigned backend_domain = 0;
    int state = 0;   // XenbusState; 0: the device model has it
    int version = 0; // of USB: 1, 2 or 3
    unsigned ports = 0;
    std::vector<UsbDevice> devices;
};

// What usbdev= says, as xl.cfg(5): hostbus= and hostaddr= must be there.
Result<UsbDevice> parse_usb_device(const std::string& text);

Result<std::vector<UsbController>> list_usb(Context& xen, unsigned domain);
// `text` as usbctrl= in xl.cfg(5); `devid` is free.
Status add_usb_controller(Context& xen, unsigned domain, const std::string& text, unsigned devid);
// With all of its devices.
Status remove_usb_controller(Context& xen, unsigned domain, unsigned devid);
// `text` as usbdev=. Without controller= and port= libxl takes the first port that is free, and makes a controller if
// there is none.
Status add_usb_device(Context& xen, unsigned domain, const std::string& text);
Status remove_usb_device(Context& xen, unsigned domain, unsigned controller, unsigned port);

} // namespace bulkhead::xen
