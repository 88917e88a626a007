// What the agent reads in /sys: devices that want a driver, and which network links are cards.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::agent {

struct Device {
    std::string bus;  // "pci", "virtio", "xen"
    std::string name; // "0000:00:00.0", "virtio0"
    std::string modalias;
    std::string driver;   // bound driver; empty: none
    bool network = false; // a PCI network controller (class 02)
};

// What stands behind a network link that is a device rather than a bridge, a veth or a vif.
struct CardInfo {
    std::string driver; // "e1000e"
    std::string pci;    // its PCI address in this domain; empty for a paravirtual interface
};

class Sysfs {
public:
    explicit Sysfs(std::string root = "/sys") : root_(std::move(root)) {}

    // Devices of the buses that carry network cards, in the order of their names.
    [[nodiscard]] std::vector<Device> devices() const;
    // nullopt: not a card (no device behind it, or netback's own).
    [[nodiscard]] std::optional<CardInfo> card(const std::string& link) const;

private:
    std::string root_;
};

// Last PCI address in a path such as /sys/devices/pci-0/pci0000:00/0000:00:00.0/virtio0; empty: none. Pure.
std::string pci_address_in(std::string_view path);

} // namespace bulkhead::agent
