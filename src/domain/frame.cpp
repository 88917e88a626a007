#include "domain/frame.hpp"

#include <cstdint>
#include <cstring>

namespace bulkhead::domain {
namespace {

constexpr std::size_t header = 1 + sizeof(std::uint32_t); // both ends are one machine: its own byte order

} // namespace

std::string pack_frame(char type, std::string_view bytes) {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    std::string frame(1, type);
    frame.append(reinterpret_cast<const char*>(&size), sizeof size).append(bytes);
    return frame;
}

Result<std::optional<Frame>> FrameReader::next() {
    if (buffer_.size() < header) return std::optional<Frame>();
    std::uint32_t size = 0;
    std::memcpy(&size, buffer_.data() + 1, sizeof size);
    if (size > frame_size_max) return fail("a frame of " + std::to_string(size) + " bytes is too large");
    if (buffer_.size() < header + size) return std::optional<Frame>();
    Frame frame{buffer_[0], buffer_.substr(header, size)};
    buffer_.erase(0, header + size);
    return std::optional<Frame>(std::move(frame));
}

} // namespace bulkhead::domain
