// What dom0's kernel says about a PCI device. Reads only; the root folder is a parameter for tests.
#pragma once

#include "base/result.hpp"
#include "pci/address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::pci {

struct Device {
    Address address;
    std::string driver;                  // bound now; empty: none
    std::vector<std::string> interfaces; // network interfaces that its driver made
    unsigned device_class = 0;           // 0x020000: Ethernet (PCI Code and ID Assignment)
};

// What a device answers to: I/O ports, or bytes of memory.
struct Range {
    bool ports = false;
    std::uint64_t first = 0, size = 0;
    bool operator==(const Range&) const = default;
};
struct Claims {
    std::vector<Range> ranges;
    unsigned interrupt = 0; // 0: none
};

// The text of a device's file `resource`: "START END FLAGS" in hex, a line for each; a START of 0 is unused (Linux,
// Documentation/PCI/sysfs-pci.rst; IORESOURCE_IO of include/linux/ioport.h). Other lines are ignored.
std::vector<Range> parse_ranges(std::string_view text);

class Sysfs {
public:
    explicit Sysfs(std::string root = "/sys/bus/pci") : root_(std::move(root)) {}

    // ENOENT: there is no such device; the error lists the network cards that there are.
    Result<Device> device(const Address& address) const;
    Result<Claims> claims(const Address& address) const;
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
