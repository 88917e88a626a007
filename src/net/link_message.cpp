#include "net/link_message.hpp"

#include "net/message.hpp"

#include <cerrno>
#include <cstring>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

namespace bulkhead::net {

Result<LinkMessage> parse_link(std::string_view payload) {
    ifinfomsg header{};
    if (payload.size() < sizeof header) return fail("the kernel sent a malformed link message", EPROTO);
    std::memcpy(&header, payload.data(), sizeof header);
    LinkMessage message;
    message.family = header.ifi_family;
    Link& link = message.link;
    link.index = header.ifi_index;
    link.ethernet = header.ifi_type == ARPHRD_ETHER;
    link.up = (header.ifi_flags & IFF_UP) != 0;
    link.carrier = (header.ifi_flags & IFF_LOWER_UP) != 0;
    link.loopback = (header.ifi_flags & IFF_LOOPBACK) != 0;
    for (const Attribute& attribute : split_attributes(payload.substr(sizeof header))) {
        switch (attribute.type) {
        case IFLA_IFNAME:
            link.name = text_of(attribute.payload);
            break;
        case IFLA_IFALIAS:
            link.alias = text_of(attribute.payload);
            break;
        case IFLA_MTU:
            link.mtu = number_of(attribute.payload);
            break;
        case IFLA_MASTER:
            link.master = static_cast<int>(number_of(attribute.payload));
            break;
        case IFLA_ADDRESS:
            if (attribute.payload.size() == link.mac.size()) {
                std::memcpy(link.mac.data(), attribute.payload.data(), link.mac.size());
            }
            break;
        case IFLA_LINKINFO:
            for (const Attribute& info : split_attributes(attribute.payload)) {
                if (info.type == IFLA_INFO_KIND) link.kind = text_of(info.payload);
            }
            break;
        default:
            break;
        }
    }
    if (link.name.empty() || link.index <= 0) return fail("the kernel sent a link without name or index", EPROTO);
    return message;
}

} // namespace bulkhead::net
