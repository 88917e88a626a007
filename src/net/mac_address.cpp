#include "net/mac_address.hpp"

#include "base/text.hpp"

#include <cerrno>

namespace bulkhead::net {
namespace {

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

} // namespace

Result<MacAddress> parse_mac(std::string_view text) {
    MacAddress mac{};
    bool good = text.size() == 17;
    for (std::size_t i = 0; good && i < mac.size(); ++i) {
        const int high = digit(text[3 * i]);
        const int low = digit(text[3 * i + 1]);
        good = high >= 0 && low >= 0 && (i == 5 || text[3 * i + 2] == ':');
        if (good) mac[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    if (!good) return fail("'" + printable(text, 40) + "' is not a MAC address: write it as 00:16:3e:12:34:56", EINVAL);
    return mac;
}

std::string format_mac(const MacAddress& mac) {
    constexpr char hex[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : mac) {
        if (!text.empty()) text.push_back(':');
        text.push_back(hex[byte >> 4]);
        text.push_back(hex[byte & 15]);
    }
    return text;
}

} // namespace bulkhead::net
