// ByteReader: fields off the front of bytes that a stranger wrote, little-endian as logs have them or big-endian as TPM
// commands do. Every error names the byte offset, the field and what was wrong. Pure.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::measure {

class ByteReader {
public:
    // `base` is added to every offset that an error names: where `bytes` begin in the whole file.
    explicit ByteReader(std::string_view bytes, std::size_t base = 0) : bytes_(bytes), base_(base) {}

    Result<std::uint8_t> u8(std::string_view field);
    Result<std::uint16_t> u16(std::string_view field);
    Result<std::uint32_t> u32(std::string_view field);
    Result<std::uint64_t> u64(std::string_view field);
    Result<std::uint16_t> u16_big(std::string_view field);
    Result<std::uint32_t> u32_big(std::string_view field);
    Result<std::uint64_t> u64_big(std::string_view field);
    // The view lives as long as the bytes given to the constructor.
    Result<std::string_view> take(std::uint64_t count, std::string_view field);

    [[nodiscard]] std::size_t offset() const { return base_ + at_; }
    [[nodiscard]] std::string_view rest() const { return bytes_.substr(at_); }
    [[nodiscard]] bool empty() const { return at_ == bytes_.size(); }

    // "byte OFFSET: WHAT", for what the caller found wrong at `offset`.
    static tl::unexpected<Error> error(std::size_t offset, const std::string& what);

private:
    Result<std::uint64_t> number(std::size_t size, std::string_view field);

    std::string_view bytes_;
    std::size_t base_;
    std::size_t at_ = 0;
};

// The same without a cursor; the caller has checked that `at` and the field lie inside.
std::uint16_t u16_at(std::string_view bytes, std::size_t at);
std::uint32_t u32_at(std::string_view bytes, std::size_t at);

void put_u16_big(std::string& bytes, std::uint16_t value);
void put_u32_big(std::string& bytes, std::uint32_t value);
void put_u16(std::string& bytes, std::uint16_t value);
void put_u32(std::string& bytes, std::uint32_t value);
void put_u64(std::string& bytes, std::uint64_t value);

} // namespace bulkhead::measure
