#include "xen/mac.hpp"

#include <charconv>
#include <cstdlib>
#include <sys/random.h>

namespace bulkhead::xen {

std::optional<Mac> parse_mac(std::string_view text) {
    Mac mac{};
    if (text.size() != 17) return std::nullopt;
    for (std::size_t i = 0; i < 6; ++i) {
        const char* pair = text.data() + 3 * i;
        if (i < 5 && pair[2] != ':') return std::nullopt;
        const auto [end, error] = std::from_chars(pair, pair + 2, mac[i], 16);
        if (error != std::errc() || end != pair + 2) return std::nullopt;
    }
    return mac;
}

std::string mac_text(const std::uint8_t* bytes) {
    constexpr char hex[] = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < 6; ++i) {
        if (i > 0) text.push_back(':');
        text.push_back(hex[bytes[i] >> 4]);
        text.push_back(hex[bytes[i] & 15]);
    }
    return text;
}

std::string new_mac() {
    std::uint8_t bytes[6] = {0x00, 0x16, 0x3e};
    // 3 bytes never come short, and only an invalid argument can fail (getrandom(2)).
    if (::getrandom(bytes + 3, 3, 0) != 3) std::abort();
    bytes[3] &= 0x7f;
    return mac_text(bytes);
}

} // namespace bulkhead::xen
