// PCI addresses, "0000:00:02.0": domain, bus, device, function in hex. Pure, strict.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::pci {

struct Address {
    std::uint16_t domain = 0;
    std::uint8_t bus = 0;
    std::uint8_t device = 0;   // 0 to 31
    std::uint8_t function = 0; // 0 to 7
    bool operator==(const Address&) const = default;
};

// "DDDD:BB:DD.F" or, for domain 0, "BB:DD.F", as xl and lspci write them.
std::optional<Address> parse_address(std::string_view text);
std::string address_text(const Address& address); // always with the domain

// The address that an xl-pci-configuration(5) text begins with: "[DDDD:]BB:DD.F[@VSLOT][,OPTION...]", or "bdf=...".
// nullopt: several functions ("*"), a name, or not a device.
std::optional<Address> address_of_spec(std::string_view spec);

} // namespace bulkhead::pci
