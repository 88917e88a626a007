// Frames between the daemon and its workers: one letter, a length, the bytes. Pure, bounded.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::domain {

struct Frame {
    char type = 0;
    std::string bytes;
};

constexpr std::size_t frame_size_max = 16 << 20;

std::string pack_frame(char type, std::string_view bytes);

// Collects bytes as they come and gives out whole frames.
class FrameReader {
public:
    void add(std::string_view bytes) { buffer_.append(bytes); }
    // nullopt: not all of it is there yet. An error (a length beyond frame_size_max) means that the stream is garbage.
    Result<std::optional<Frame>> next();

private:
    std::string buffer_;
};

} // namespace bulkhead::domain
