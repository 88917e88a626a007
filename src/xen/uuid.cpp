#include "xen/uuid.hpp"

#include <cstdlib>
#include <sys/random.h>

namespace bulkhead::xen {
namespace {

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool dash_before(std::size_t byte) {
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

} // namespace

std::string uuid_text(const std::uint8_t* bytes) {
    constexpr char hex[] = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < 16; ++i) {
        if (dash_before(i)) text.push_back('-');
        text.push_back(hex[bytes[i] >> 4]);
        text.push_back(hex[bytes[i] & 15]);
    }
    return text;
}

std::optional<std::array<std::uint8_t, 16>> uuid_bytes(std::string_view text) {
    std::array<std::uint8_t, 16> bytes{};
    if (text.size() != 36) return std::nullopt;
    std::size_t at = 0;
    for (std::size_t i = 0; i < 16; ++i) {
        if (dash_before(i) && text[at++] != '-') return std::nullopt;
        const int high = digit(text[at]);
        const int low = digit(text[at + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
        at += 2;
    }
    return bytes;
}

std::optional<std::string> normal_uuid(std::string_view text) {
    const auto bytes = uuid_bytes(text);
    if (!bytes) return std::nullopt;
    return uuid_text(bytes->data());
}

std::string new_uuid() {
    std::uint8_t bytes[16];
    // 16 bytes never come short, and only an invalid argument can fail (getrandom(2)).
    if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes) std::abort();
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
    return uuid_text(bytes);
}

} // namespace bulkhead::xen
