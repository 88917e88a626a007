#include "net/netlink.hpp"

#include "base/text.hpp"
#include "net/link_message.hpp"

#include <algorithm>
#include <cerrno>
#include <linux/if.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <poll.h>

namespace bulkhead::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int dump_attempts = 8;

void put_bridge(Request& request) {
    request.nest(IFLA_LINKINFO, [&request] {
        request.put_text(IFLA_INFO_KIND, "bridge");
        request.nest(IFLA_INFO_DATA, [&request] {
            // With STP on, or with the default delay of 15 s, a new port would drop a guest's first packets.
            request.put_u32(IFLA_BR_STP_STATE, 0);
            request.put_u32(IFLA_BR_FORWARD_DELAY, 0);
            request.put_u8(IFLA_BR_MCAST_SNOOPING, 0);
            // No hook of nf_tables sees LLDP before the bridge has learned its sender (br_handle_frame() in Linux's
            // net/bridge/br_input.c): a port could draw another's frames to itself.
            constexpr std::uint32_t no_link_local_learning = 1U << BR_BOOLOPT_NO_LL_LEARN;
            const br_boolopt_multi options{no_link_local_learning, no_link_local_learning};
            request.put(IFLA_BR_MULTI_BOOLOPT, {reinterpret_cast<const char*>(&options), sizeof options});
        });
    });
}

Status check_name(const std::string& name) {
    if (valid_link_name(name)) return {};
    return fail("'" + printable(name, 40) + "' is not a name for a network link", EINVAL);
}

} // namespace

Result<Netlink> Netlink::open() {
    return Netlink(TRY(Socket::open()));
}

Status Netlink::exchange(const Request& request, const std::function<Status(const Message&)>& each) {
    const auto deadline = Clock::now() + deadline_;
    const std::uint32_t sequence = ++sequence_;
    TRY(socket_.send(request.bytes(sequence)));
    Status answered; // the first error of `each`; the rest of the answer is still taken off the socket
    bool interrupted = false;
    for (;;) {
        const auto datagram = TRY(socket_.receive());
        if (!datagram) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
            if (left <= 0) {
                return fail("the kernel did not answer within " + std::to_string(deadline_.count()) + " ms", ETIMEDOUT);
            }
            pollfd fd{socket_.fd(), POLLIN, 0};
            if (::poll(&fd, 1, static_cast<int>(std::min<long>(left, 3600'000))) < 0 && errno != EINTR) {
                return fail_errno("poll");
            }
            continue;
        }
        for (const Message& message : split_datagram(*datagram)) {
            if (message.sequence != sequence) continue; // a late answer to a request whose deadline has passed
            interrupted = interrupted || (message.flags & NLM_F_DUMP_INTR) != 0;
            if (message.type == NLMSG_ERROR || message.type == NLMSG_DONE) {
                if (message.type == NLMSG_ERROR) TRY(parse_acknowledgement(message));
                TRY(std::move(answered));
                if (interrupted) return fail("the list of links changed while it was read", EAGAIN);
                return {};
            }
            if (answered && each) answered = each(message);
        }
    }
}

Result<std::vector<Link>> Netlink::links() {
    for (int attempt = 1;; ++attempt) {
        std::vector<Link> links;
        const Status done = exchange(Request(RTM_GETLINK, NLM_F_DUMP, 0), [&links](const Message& message) -> Status {
            if (message.type == RTM_NEWLINK) links.push_back(TRY(parse_link(message.payload)).link);
            return {};
        });
        if (done) return links;
        if (done.error().code != EAGAIN || attempt == dump_attempts) {
            return context(Result<std::vector<Link>>(tl::unexpected(done.error())), "listing network links");
        }
    }
}

Result<std::optional<Link>> Netlink::link(const std::string& name) {
    if (!valid_link_name(name)) return std::nullopt;
    return find(0, name);
}

Result<std::optional<Link>> Netlink::link(int index) {
    return find(index, {});
}

Result<std::optional<Link>> Netlink::find(int index, const std::string& name) {
    Request request(RTM_GETLINK, 0, index);
    if (!name.empty()) request.put_text(IFLA_IFNAME, name);
    std::optional<Link> found;
    const Status done = exchange(request, [&found](const Message& message) -> Status {
        if (message.type == RTM_NEWLINK) found = TRY(parse_link(message.payload)).link;
        return {};
    });
    if (done) return found;
    if (done.error().code == ENODEV) return std::nullopt;
    return fail("network link " + (name.empty() ? std::to_string(index) : name) + ": " + done.error().message,
                done.error().code);
}

Status Netlink::create_bridge(const std::string& name) {
    TRY(check_name(name));
    Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
    request.put_text(IFLA_IFNAME, name);
    put_bridge(request);
    return context(exchange(request), "creating bridge " + name);
}

Status Netlink::configure_bridge(int index) {
    Request request(RTM_NEWLINK, 0, index);
    put_bridge(request);
    return context(exchange(request), "configuring a bridge");
}

Status Netlink::create(const std::string& name, const std::string& kind) {
    TRY(check_name(name));
    Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
    request.put_text(IFLA_IFNAME, name);
    request.nest(IFLA_LINKINFO, [&] { request.put_text(IFLA_INFO_KIND, kind); });
    return context(exchange(request), "creating " + kind + " link " + name);
}

Status Netlink::remove(int index) {
    return context(exchange(Request(RTM_DELLINK, 0, index)), "removing a network link");
}

Status Netlink::change(int index, const LinkChange& change) {
    const unsigned changed = change.up ? unsigned{IFF_UP} : 0;
    const unsigned set = change.up.value_or(false) ? unsigned{IFF_UP} : 0;
    Request request(RTM_NEWLINK, 0, index, set, changed);
    if (change.mac) {
        request.put(IFLA_ADDRESS, {reinterpret_cast<const char*>(change.mac->data()), change.mac->size()});
    }
    if (change.mtu) request.put_u32(IFLA_MTU, *change.mtu);
    if (change.name) {
        TRY(check_name(*change.name));
        request.put_text(IFLA_IFNAME, *change.name);
    }
    if (change.alias) request.put(IFLA_IFALIAS, *change.alias);
    if (change.master) request.put_u32(IFLA_MASTER, static_cast<std::uint32_t>(*change.master));
    return exchange(request);
}

} // namespace bulkhead::net
