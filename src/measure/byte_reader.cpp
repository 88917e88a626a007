#include "measure/byte_reader.hpp"

namespace bulkhead::measure {
namespace {

std::uint64_t little_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
    return value;
}

std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
    return value;
}

void put(std::string& bytes, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

} // namespace

tl::unexpected<Error> ByteReader::error(std::size_t offset, const std::string& what) {
    return fail("byte " + std::to_string(offset) + ": " + what);
}

Result<std::string_view> ByteReader::take(std::uint64_t count, std::string_view field) {
    const std::size_t left = bytes_.size() - at_;
    if (count > left) {
        return error(offset(), std::string(field) + " needs " + std::to_string(count) + " bytes, " +
                                   std::to_string(left) + " are left");
    }
    const std::string_view taken = bytes_.substr(at_, count);
    at_ += count;
    return taken;
}

Result<std::uint64_t> ByteReader::number(std::size_t size, std::string_view field) {
    return little_endian(TRY(take(size, field)));
}

Result<std::uint8_t> ByteReader::u8(std::string_view field) {
    return static_cast<std::uint8_t>(TRY(number(1, field)));
}
Result<std::uint16_t> ByteReader::u16(std::string_view field) {
    return static_cast<std::uint16_t>(TRY(number(2, field)));
}
Result<std::uint32_t> ByteReader::u32(std::string_view field) {
    return static_cast<std::uint32_t>(TRY(number(4, field)));
}
Result<std::uint64_t> ByteReader::u64(std::string_view field) {
    return number(8, field);
}

Result<std::uint16_t> ByteReader::u16_big(std::string_view field) {
    return static_cast<std::uint16_t>(big_endian(TRY(take(2, field))));
}
Result<std::uint32_t> ByteReader::u32_big(std::string_view field) {
    return static_cast<std::uint32_t>(big_endian(TRY(take(4, field))));
}
Result<std::uint64_t> ByteReader::u64_big(std::string_view field) {
    return big_endian(TRY(take(8, field)));
}

std::uint16_t u16_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>(little_endian(bytes.substr(at, 2)));
}
std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint32_t>(little_endian(bytes.substr(at, 4)));
}

void put_u16_big(std::string& bytes, std::uint16_t value) {
    bytes.push_back(static_cast<char>(value >> 8));
    bytes.push_back(static_cast<char>(value & 0xff));
}
void put_u32_big(std::string& bytes, std::uint32_t value) {
    put_u16_big(bytes, static_cast<std::uint16_t>(value >> 16));
    put_u16_big(bytes, static_cast<std::uint16_t>(value & 0xffff));
}
void put_u16(std::string& bytes, std::uint16_t value) {
    put(bytes, value, 2);
}
void put_u32(std::string& bytes, std::uint32_t value) {
    put(bytes, value, 4);
}
void put_u64(std::string& bytes, std::uint64_t value) {
    put(bytes, value, 8);
}

} // namespace bulkhead::measure
