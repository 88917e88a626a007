// What any local user may send to bulkheadd's socket: a stream cut into lines, each line a request or an answer.
#include "api/message.hpp"

#include <cstdint>
#include <cstdlib>

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    api::LineReader lines(4096);
    for (std::size_t at = 0; at < size; at += 7) lines.add(bytes.substr(at, 7));
    for (;;) {
        const auto line = lines.next();
        if (!line || !*line) break;
        if ((**line).find('\n') != std::string::npos || (**line).size() > 4096) std::abort();
        const auto request = api::parse_request(**line);
        if (request) {
            // What was understood must be printed as one line that means the same.
            const std::string printed = api::print_request(*request);
            if (printed.find('\n') != printed.size() - 1) std::abort();
            const auto again = api::parse_request(std::string_view(printed).substr(0, printed.size() - 1));
            if (!again || again->arguments != request->arguments) std::abort();
        }
        (void)api::parse_answer(**line);
    }
    (void)api::parse_request(bytes);
    (void)api::parse_answer(bytes);
    return 0;
}
