// UUIDs of domains as text: 36 characters, lower case. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::xen {

std::string uuid_text(const std::uint8_t* bytes); // 16 of them

// Both cases of hex digits, dashes where they belong; the text in its usual form, or nothing.
std::optional<std::string> normal_uuid(std::string_view text);

std::optional<std::array<std::uint8_t, 16>> uuid_bytes(std::string_view text);

// A random one (RFC 4122, version 4) from getrandom(2).
std::string new_uuid();

} // namespace bulkhead::xen
