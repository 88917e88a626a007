#include "pci/address.hpp"

#include "base/text.hpp"

#include <charconv>
#include <cstdio>

namespace bulkhead::pci {
namespace {

std::optional<unsigned> hex(std::string_view text, std::size_t digits, unsigned most) {
    unsigned value = 0;
    if (text.empty() || text.size() > digits) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
    return value;
}

} // namespace

std::optional<Address> parse_address(std::string_view text) {
    std::optional<unsigned> domain = 0;
    const std::size_t first = text.find(':');
    if (first == std::string_view::npos) return std::nullopt;
    if (text.find(':', first + 1) != std::string_view::npos) {
        domain = hex(text.substr(0, first), 4, 0xffff);
        text.remove_prefix(first + 1);
    }
    const std::size_t colon = text.find(':');
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos || dot < colon) return std::nullopt;
    const auto bus = hex(text.substr(0, colon), 2, 0xff);
    const auto device = hex(text.substr(colon + 1, dot - colon - 1), 2, 0x1f);
    const auto function = hex(text.substr(dot + 1), 1, 7);
    if (!domain || !bus || !device || !function) return std::nullopt;
    return Address{static_cast<std::uint16_t>(*domain), static_cast<std::uint8_t>(*bus),
                   static_cast<std::uint8_t>(*device), static_cast<std::uint8_t>(*function)};
}

std::string address_text(const Address& address) {
    char text[16];
    std::snprintf(text, sizeof text, "%04x:%02x:%02x.%x", address.domain, address.bus, address.device,
                  address.function);
    return text;
}

std::optional<Address> address_of_spec(std::string_view spec) {
    std::string_view word = trim(spec.substr(0, spec.find(',')));
    if (word.starts_with("bdf=")) word.remove_prefix(4);
    return parse_address(trim(word.substr(0, word.find('@'))));
}

} // namespace bulkhead::pci
