#include "lab/frame.hpp"

#include <algorithm>

namespace bulkhead::lab {
namespace {

constexpr std::string_view magic = "BkLb";
constexpr std::size_t word_limit = 4096; // arguments and environment variables of one request

void put_number(std::string& out, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>((value >> shift) & 0xff));
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    }
    return value;
}

// Reads a request front to back; every step checks what is left.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    Result<std::uint32_t> number() {
        if (rest_.size() < 4) return fail("exec request: cut off");
        const std::uint32_t value = number_at(rest_, 0);
        rest_.remove_prefix(4);
        return value;
    }

    // A counted string without NUL bytes: it becomes a C string.
    Result<std::string> text() {
        const std::uint32_t size = TRY(number());
        if (size > rest_.size()) return fail("exec request: cut off");
        std::string value(rest_.substr(0, size));
        rest_.remove_prefix(size);
        if (value.find('\0') != std::string::npos) return fail("exec request: NUL byte in a string");
        return value;
    }

    Result<std::uint32_t> count() {
        const std::uint32_t value = TRY(number());
        if (value > word_limit) return fail("exec request: too many words");
        return value;
    }

    [[nodiscard]] bool at_end() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

void put_text(std::string& out, std::string_view text) {
    put_number(out, static_cast<std::uint32_t>(text.size()));
    out.append(text);
}

} // namespace

std::string encode_frame(FrameType type, std::uint32_t session, std::string_view payload) {
    std::string bytes;
    bytes.reserve(frame_header_size + payload.size());
    bytes.append(magic);
    bytes.push_back(static_cast<char>(type));
    bytes.append(3, '\0');
    put_number(bytes, session);
    put_number(bytes, static_cast<std::uint32_t>(payload.size()));
    bytes.append(payload);
    return bytes;
}

void FrameDecoder::feed(std::string_view bytes) {
    if (start_ > 0) {
        buffer_.erase(0, start_);
        start_ = 0;
    }
    buffer_.append(bytes);
}

std::optional<Frame> FrameDecoder::next() {
    for (;;) {
        const std::string_view rest = std::string_view(buffer_).substr(start_);
        if (rest.size() < frame_header_size) return std::nullopt;
        const auto type = static_cast<std::uint8_t>(rest[4]);
        const std::uint32_t session = number_at(rest, 8);
        const std::uint32_t size = number_at(rest, 12);
        const bool header = rest.substr(0, 4) == magic && type >= static_cast<std::uint8_t>(FrameType::hello) &&
                            type <= static_cast<std::uint8_t>(FrameType::refused) && rest[5] == 0 && rest[6] == 0 &&
                            rest[7] == 0 && size <= frame_payload_limit && (!session_ || *session_ == session);
        if (!header) {
            // To the next place where a header could begin, always at least one byte further.
            const std::size_t jump = std::min(rest.find(magic[0], 1), rest.size());
            start_ += jump;
            skipped_ += jump;
            continue;
        }
        if (rest.size() < frame_header_size + size) return std::nullopt;
        Frame frame{static_cast<FrameType>(type), session, std::string(rest.substr(frame_header_size, size))};
        start_ += frame_header_size + size;
        return frame;
    }
}

void FrameDecoder::reset() {
    buffer_.clear();
    start_ = 0;
    skipped_ = 0;
}

Result<std::string> encode_request(const ExecRequest& request) {
    std::string bytes;
    put_number(bytes, request.terminal ? 1 : 0);
    bytes.append(encode_size(request.rows, request.columns));
    put_text(bytes, request.directory);
    put_number(bytes, static_cast<std::uint32_t>(request.arguments.size()));
    for (const std::string& argument : request.arguments) put_text(bytes, argument);
    put_number(bytes, static_cast<std::uint32_t>(request.environment.size()));
    for (const auto& [name, value] : request.environment) {
        put_text(bytes, name);
        put_text(bytes, value);
    }
    if (request.arguments.empty()) return fail("no command to run in dom0");
    if (bytes.size() > frame_payload_limit || request.arguments.size() > word_limit ||
        request.environment.size() > word_limit) {
        return fail("the command is too long for `lab exec` (limit " + std::to_string(frame_payload_limit) +
                    " bytes); put it into a file with `lab put`");
    }
    return bytes;
}

Result<ExecRequest> decode_request(std::string_view payload) {
    Reader reader(payload);
    ExecRequest request;
    const std::uint32_t flags = TRY(reader.number());
    if (flags > 1) return fail("exec request: unknown flags");
    request.terminal = flags == 1;
    const std::uint32_t size = TRY(reader.number());
    request.rows = static_cast<std::uint16_t>(size & 0xffff);
    request.columns = static_cast<std::uint16_t>(size >> 16);
    request.directory = TRY(reader.text());
    for (std::uint32_t left = TRY(reader.count()); left > 0; --left) request.arguments.push_back(TRY(reader.text()));
    for (std::uint32_t left = TRY(reader.count()); left > 0; --left) {
        std::string name = TRY(reader.text());
        if (name.empty() || name.find('=') != std::string::npos) return fail("exec request: bad variable name");
        request.environment.emplace_back(std::move(name), TRY(reader.text()));
    }
    if (request.arguments.empty()) return fail("exec request: no command");
    if (!reader.at_end()) return fail("exec request: bytes after the end");
    return request;
}

std::string encode_number(std::uint32_t value) {
    std::string bytes;
    put_number(bytes, value);
    return bytes;
}

Result<std::uint32_t> decode_number(std::string_view payload) {
    if (payload.size() != 4) return fail("frame: a number of 4 bytes was expected");
    return number_at(payload, 0);
}

std::string encode_size(std::uint16_t rows, std::uint16_t columns) {
    return encode_number(static_cast<std::uint32_t>(rows) | static_cast<std::uint32_t>(columns) << 16);
}

Result<std::pair<std::uint16_t, std::uint16_t>> decode_size(std::string_view payload) {
    const std::uint32_t both = TRY(decode_number(payload));
    return std::pair(static_cast<std::uint16_t>(both & 0xffff), static_cast<std::uint16_t>(both >> 16));
}

} // namespace bulkhead::lab
