#include "net/nftables.hpp"

#include <algorithm>
#include <cerrno>
#include <linux/netlink.h>
#include <poll.h>

namespace bulkhead::net {
namespace {

using Clock = std::chrono::steady_clock;

// What a kernel says that does not know the family, the table's family, or an expression.
bool lacks_module(int code) {
    return code == EPROTONOSUPPORT || code == EAFNOSUPPORT || code == EOPNOTSUPP || code == ENOENT || code == EAGAIN ||
           code == EINVAL;
}

} // namespace

Status Nftables::apply(const nft::Batch& batch) {
    const Status done = exchange(batch);
    if (done) return {};
    socket_.reset(); // with what may still come
    std::string text = "the kernel does not take the rules for the bridge: " + done.error().message;
    if (lacks_module(done.error().code)) text += "; are its modules nf_tables and nft_meta_bridge there and loaded?";
    return fail(std::move(text), done.error().code);
}

Status Nftables::exchange(const nft::Batch& batch) {
    if (!socket_) socket_ = TRY(Socket::open_netfilter());
    const auto deadline = Clock::now() + deadline_;
    const std::uint32_t first = sequence_ + 1;
    sequence_ += batch.size();
    const std::uint32_t last = sequence_ - 1; // the end mark is not answered
    TRY(socket_->send(batch.bytes(first)));
    for (;;) {
        const auto datagram = TRY(socket_->receive());
        if (!datagram) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
            if (left <= 0) {
                return fail("it did not answer within " + std::to_string(deadline_.count()) + " ms", ETIMEDOUT);
            }
            pollfd fd{socket_->fd(), POLLIN, 0};
            if (::poll(&fd, 1, static_cast<int>(std::min<long>(left, 3600'000))) < 0 && errno != EINTR) {
                return fail_errno("poll");
            }
            continue;
        }
        for (const Message& message : split_datagram(*datagram)) {
            if (message.type != NLMSG_ERROR || message.sequence - first > last - first) continue;
            // Of several errors the first one tells most; a batch that cannot be committed is one of its first message.
            TRY(parse_acknowledgement(message));
            if (message.sequence == last) return {};
        }
    }
}

} // namespace bulkhead::net
