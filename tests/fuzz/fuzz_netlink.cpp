// Datagrams that claim to be the kernel's.
#include "net/link_message.hpp"
#include "net/message.hpp"
#include "net/table_events.hpp"

#include <cstdlib>

using namespace bulkhead::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    std::size_t total = 0;
    TableChanges changes("bulkhead", "bulkheadd");
    for (const Message& message : split_datagram(bytes)) {
        total += message.payload.size();
        (void)parse_acknowledgement(message);
        (void)changes.see(message);
        if (const auto link = parse_link(message.payload)) {
            if (link->link.name.empty() || link->link.index <= 0) std::abort();
        }
    }
    if (total > size) std::abort();
    return 0;
}
