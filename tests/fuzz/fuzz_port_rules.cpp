// The text of a vif's rules: what is read is written as the same, and makes rules for the kernel.
#include "net/fence.hpp"

#include <cstdlib>

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto rules = net::parse_port_rules({reinterpret_cast<const char*>(data), size});
    if (!rules) return 0;
    const auto text = net::print_port_rules(*rules);
    if (!text) return 0; // addresses may be longer than they were
    if (net::parse_port_rules(*text) != *rules) std::abort();
    net::FencePort port;
    static_cast<net::PortRules&>(port) = *rules;
    port.name = "vif1.0";
    for (const auto others : {net::Others::nobody, net::Others::by_name}) {
        const net::nft::Batch batch = net::fence_rules({port}, others);
        std::size_t count = 0;
        for (const net::Message& message : net::split_datagram(batch.bytes(1)))
            count += message.payload.size() >= 4 ? 1 : 0;
        if (count != batch.size()) std::abort();
    }
    return 0;
}
