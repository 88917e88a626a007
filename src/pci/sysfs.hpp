// What dom0's kernel says about a PCI device. Reads only; the root folder is a parameter for tests.
#pragma once

#include "base/result.hpp"
#include "pci/address.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bulkhead::pci {

struct Device {
    Address address;
    std::string driver;                  // bound now; empty: none
    std::vector<std::string> interfaces; // network interfaces that its driver made
    unsigned device_class = 0;           // 0x020000: Ethernet (PCI Code and ID Assignment)
};

class Sysfs {
public:
    explicit Sysfs(std::string root = "/sys/bus/pci") : root_(std::move(root)) {}

    // ENOENT: there is no such device; the error lists the network cards that there are.
    Result<Device> device(const Address& address) const;
    bool has_pciback() const;
    std::vector<Address> network_cards() const;

private:
    std::string root_;
};

// The name of xen-pciback's driver in sysfs.
constexpr const char* pciback_driver = "pciback";

// Whether a domain can have the device: it exists and xen-pciback holds it. Errors say what to do.
Status check_assignable(const Sysfs& sysfs, const Address& address);

} // namespace bulkhead::pci
