// The frames of `lab exec`: bytes from a port that another program may have left in any state.
#include "lab/frame.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bulkhead::lab;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    FrameDecoder decoder;
    std::size_t consumed = 0;
    for (std::size_t at = 0; at < bytes.size(); at += 37) {
        const std::string_view piece = bytes.substr(at, 37);
        consumed += piece.size();
        decoder.feed(piece);
        while (const auto frame = decoder.next()) {
            if (frame->payload.size() > frame_payload_limit) std::abort();
            // What was taken for a frame is one: it encodes to the same bytes, so it cannot be longer than the input.
            if (encode_frame(frame->type, frame->session, frame->payload).size() > consumed) std::abort();
            if (const auto request = decode_request(frame->payload)) {
                const auto again = encode_request(*request);
                if (again && *again != frame->payload) std::abort();
            }
            (void)decode_number(frame->payload);
            (void)decode_size(frame->payload);
        }
        if (decoder.buffered() > frame_header_size + frame_payload_limit + 37) std::abort();
    }
    if (const auto request = decode_request(bytes); request && request->arguments.empty()) std::abort();
    return 0;
}
