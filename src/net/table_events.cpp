#include "net/table_events.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <cerrno>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

namespace bulkhead::net {
namespace {

constexpr std::uint16_t first_attribute = 1; // the table's name in all messages but NEWGEN: NFTA_TABLE_NAME and others

} // namespace

bool TableChanges::see(const Message& message) {
    if (message.type >> 8 != NFNL_SUBSYS_NFTABLES || message.payload.size() < sizeof(nfgenmsg)) return false;
    const auto family = static_cast<unsigned char>(message.payload.front()); // nfgenmsg's first member
    const bool over = (message.type & 0xff) == NFT_MSG_NEWGEN;
    std::string who;
    for (const Attribute& attribute : split_attributes(message.payload.substr(sizeof(nfgenmsg)))) {
        if (over && attribute.type == NFTA_GEN_PROC_NAME) who = text_of(attribute.payload);
        if (!over && attribute.type == first_attribute && family == NFPROTO_BRIDGE)
            changed_ = changed_ || text_of(attribute.payload) == table_;
    }
    if (!over) return false;
    const bool foreign = changed_ && who != own_;
    changed_ = false;
    return foreign;
}

Result<TableEvents> TableEvents::open(const std::string& table) {
    constexpr std::size_t longest = 64;
    const std::string own = TRY(read_file("/proc/self/comm", longest));
    Socket socket = TRY(Socket::open_netfilter(NFNLGRP_NFTABLES));
    return TableEvents(std::move(socket), TableChanges(table, std::string(trim(own))));
}

Result<bool> TableEvents::take() {
    bool foreign = false;
    for (;;) {
        const auto datagram = socket_.receive();
        if (!datagram) {
            if (datagram.error().code != ENOBUFS) return tl::unexpected(datagram.error());
            foreign = true; // of what was lost nobody knows
            continue;
        }
        if (!*datagram) return foreign;
        for (const Message& message : split_datagram(**datagram)) foreign = changes_.see(message) || foreign;
    }
}

} // namespace bulkhead::net
