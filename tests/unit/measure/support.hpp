// Vectors, and logs made by hand.
#pragma once

#include "base/file.hpp"
#include "base/text.hpp"
#include "measure/byte_reader.hpp"
#include "measure/event_list.hpp"

#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::measure::test {

inline std::string vector_file(const std::string& name) {
    auto bytes = read_file(std::string(VECTORS) + "/" + name, 16 << 20);
    EXPECT_TRUE(bytes) << name;
    return bytes.value_or("");
}

inline std::string unhex(std::string_view digits) {
    auto bytes = from_hex(digits);
    EXPECT_TRUE(bytes) << digits;
    return bytes.value_or("");
}

inline std::string u32(std::uint32_t value) {
    std::string bytes;
    put_u32(bytes, value);
    return bytes;
}

// A record of TCG 1.2's form with the digest given.
inline std::string record(std::uint32_t pcr, std::uint32_t type, const std::string& digest, const std::string& data) {
    return u32(pcr) + u32(type) + digest + u32(static_cast<std::uint32_t>(data.size())) + data;
}

// The first record of a crypto-agile log.
inline std::string spec_id_record(const std::vector<std::pair<unsigned, unsigned>>& algorithms) {
    std::string data("Spec ID Event03\0", 16);
    data += u32(0) + std::string("\0\2\0\2", 4) + u32(static_cast<std::uint32_t>(algorithms.size()));
    for (const auto& [algorithm, size] : algorithms) {
        put_u16(data, static_cast<std::uint16_t>(algorithm));
        put_u16(data, static_cast<std::uint16_t>(size));
    }
    data.push_back('\0');
    return record(0, 3, std::string(20, '\0'), data);
}

// A crypto-agile record with a digest of `content` in each bank.
inline std::string agile_record(std::uint32_t pcr, std::uint32_t type, const std::vector<Bank>& banks,
                                const std::string& content, const std::string& data) {
    std::string bytes = u32(pcr) + u32(type) + u32(static_cast<std::uint32_t>(banks.size()));
    for (const Bank bank : banks) {
        put_u16(bytes, static_cast<std::uint16_t>(bank));
        bytes += hash(bank, content);
    }
    return bytes + u32(static_cast<std::uint32_t>(data.size())) + data;
}

} // namespace bulkhead::measure::test
