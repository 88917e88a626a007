#include "base/mac_address.hpp"

#include "base/text.hpp"

#include <cerrno>

namespace bulkhead {
Result<MacAddress> parse_mac(std::string_view text) {
    MacAddress mac{};
    bool good = text.size() == 17;
    for (std::size_t i = 0; good && i < mac.size(); ++i) {
        const int high = hex_digit(text[3 * i]);
        const int low = hex_digit(text[3 * i + 1]);
        good = high >= 0 && low >= 0 && (i == 5 || text[3 * i + 2] == ':');
        if (good) mac[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    if (!good) return fail("'" + printable(text, 40) + "' is not a MAC address: write it as 00:16:3e:12:34:56", EINVAL);
    return mac;
}

std::string format_mac(std::span<const std::uint8_t, 6> mac) {
    std::string text;
    for (const std::uint8_t byte : mac) {
        if (!text.empty()) text.push_back(':');
        append_hex(text, byte);
    }
    return text;
}

} // namespace bulkhead
