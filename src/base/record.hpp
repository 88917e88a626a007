// A structure out of bytes that a stranger wrote.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace bulkhead {

// A copy, because nothing in a stranger's file is aligned; nothing when it lies outside.
template <typename T>
std::optional<T> record(std::string_view bytes, std::uint64_t at) {
    if (at > bytes.size() || bytes.size() - at < sizeof(T)) return std::nullopt;
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

} // namespace bulkhead
