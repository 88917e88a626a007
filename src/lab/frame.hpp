// The wire protocol of `lab exec`: frames on a virtio-serial port between a host program and lab-init in dom0.
// Pure. Both ends tolerate garbage: a peer may have died in the middle of a frame, and the port keeps its bytes.
//
// A frame is a 16-byte header (magic "BkLb", type, 3 zero bytes, session, payload length; little-endian) and its
// payload. The host starts a session with `hello` and a random session number; lab-init answers `hello` with the same
// number, then the host sends one `request`. What carries another session number is stale and skipped.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead::lab {

enum class FrameType : std::uint8_t {
    hello = 1,     // both ways, empty
    request = 2,   // to dom0: encode_request()
    input = 3,     // to dom0: bytes for stdin
    input_end = 4, // to dom0: end of stdin
    resize = 5,    // to dom0: terminal size, encode_size()
    signal = 6,    // to dom0: encode_number(signal number) for the process group
    output = 7,    // to the host: bytes of stdout
    error = 8,     // to the host: bytes of stderr
    exit = 9,      // to the host: encode_number(exit status), the last frame of a session
    refused = 10,  // to the host: why the program could not be started, as text; the last frame of a session
};

struct Frame {
    FrameType type = FrameType::hello;
    std::uint32_t session = 0;
    std::string payload;
};

constexpr std::size_t frame_header_size = 16;
constexpr std::size_t frame_payload_limit = 128 * 1024;

// `payload` must be at most frame_payload_limit bytes long.
std::string encode_frame(FrameType type, std::uint32_t session, std::string_view payload = {});

// Cuts a byte stream into frames. Bytes that are not a frame are skipped one by one until a header fits.
class FrameDecoder {
public:
    FrameDecoder() = default;
    // Takes only frames of this session; others are skipped like garbage.
    explicit FrameDecoder(std::uint32_t session) : session_(session) {}

    void feed(std::string_view bytes);
    std::optional<Frame> next();
    void reset();
    [[nodiscard]] std::size_t skipped() const { return skipped_; } // bytes of garbage since the last reset
    [[nodiscard]] std::size_t buffered() const { return buffer_.size() - start_; }

private:
    std::optional<std::uint32_t> session_;
    std::string buffer_;
    std::size_t start_ = 0;
    std::size_t skipped_ = 0;
};

// What to run in dom0.
struct ExecRequest {
    std::vector<std::string> arguments;                           // not empty; [0] is looked up in dom0's PATH
    std::vector<std::pair<std::string, std::string>> environment; // added to dom0's own
    std::string directory;                                        // empty: /root
    bool terminal = false;                                        // give it a pseudo terminal of rows x columns
    std::uint16_t rows = 24;
    std::uint16_t columns = 80;
};

// Fails when it would not fit into one frame.
Result<std::string> encode_request(const ExecRequest& request);
Result<ExecRequest> decode_request(std::string_view payload);

std::string encode_number(std::uint32_t value);
Result<std::uint32_t> decode_number(std::string_view payload);
std::string encode_size(std::uint16_t rows, std::uint16_t columns);
Result<std::pair<std::uint16_t, std::uint16_t>> decode_size(std::string_view payload); // rows, columns

} // namespace bulkhead::lab
