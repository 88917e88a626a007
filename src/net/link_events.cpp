#include "net/link_events.hpp"

#include "net/link_message.hpp"
#include "net/message.hpp"

#include <cerrno>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace bulkhead::net {

Result<LinkEvents> LinkEvents::open() {
    return LinkEvents(TRY(Socket::open(RTNLGRP_LINK)));
}

Result<std::vector<LinkEvent>> LinkEvents::take() {
    std::vector<LinkEvent> events;
    for (;;) {
        const auto datagram = socket_.receive();
        if (!datagram) {
            if (datagram.error().code != ENOBUFS) return tl::unexpected(datagram.error());
            events.push_back({LinkEvent::What::lost, {}});
            continue;
        }
        if (!*datagram) return events;
        for (const Message& message : split_datagram(**datagram)) {
            if (message.type != RTM_NEWLINK && message.type != RTM_DELLINK) continue;
            auto link = parse_link(message.payload);
            if (!link) continue;
            // A bridge also sends messages about its ports: a DELLINK then means "left the bridge".
            const bool removed = message.type == RTM_DELLINK && link->family != AF_BRIDGE;
            events.push_back({removed ? LinkEvent::What::removed : LinkEvent::What::changed, std::move(link->link)});
        }
    }
}

} // namespace bulkhead::net
