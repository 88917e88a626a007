// DeviceEvents: devices that appear while the agent runs (PCI hot-plug, pcifront's first scan), as the kernel's
// uevents.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::agent {

struct DeviceEvent {
    std::string action; // "add", "remove", "bind", ...
    std::string subsystem;
    std::string device_path;
    std::string modalias; // empty: none
};

// "ACTION@DEVPATH\0KEY=VALUE\0..." of the kernel (lib/kobject_uevent.c). Pure. An error for anything else, as the
// "libudev" messages of udevd.
Result<DeviceEvent> parse_device_event(std::string_view bytes);

class DeviceEvents {
public:
    static Result<DeviceEvents> open();
    [[nodiscard]] int fd() const { return fd_.get(); }

    struct Batch {
        std::vector<DeviceEvent> events;
        bool lost = false; // some did not fit: look at all devices
    };
    Result<Batch> take(); // what has arrived; never blocks

private:
    explicit DeviceEvents(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

} // namespace bulkhead::agent
