// RTM_NEWLINK and RTM_DELLINK messages of the kernel. Pure: bytes in, values out.
// Source: linux/rtnetlink.h, linux/if_link.h.
#pragma once

#include "base/result.hpp"
#include "net/link.hpp"

#include <string_view>

namespace bulkhead::net {

// What a message says; `family` is AF_BRIDGE for what a bridge says about a port.
struct LinkMessage {
    Link link;
    int family = 0;
};

// `payload` begins with the ifinfomsg.
Result<LinkMessage> parse_link(std::string_view payload);

} // namespace bulkhead::net
