#include "xen/uuid.hpp"

#include "base/text.hpp"

#include <cstdlib>
#include <sys/random.h>

namespace bulkhead::xen {
namespace {

bool dash_before(std::size_t byte) {
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

} // namespace

std::string uuid_text(const std::uint8_t* bytes) {
    std::string text;
    for (std::size_t i = 0; i < 16; ++i) {
        if (dash_before(i)) text.push_back('-');
        append_hex(text, bytes[i]);
    }
    return text;
}

std::optional<std::array<std::uint8_t, 16>> uuid_bytes(std::string_view text) {
    std::array<std::uint8_t, 16> bytes{};
    if (text.size() != 36) return std::nullopt;
    std::size_t at = 0;
    for (std::size_t i = 0; i < 16; ++i) {
        if (dash_before(i) && text[at++] != '-') return std::nullopt;
        const int high = hex_digit(text[at]);
        const int low = hex_digit(text[at + 1]);
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
