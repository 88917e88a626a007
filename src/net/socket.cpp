#include "net/socket.hpp"

#include <cerrno>
#include <linux/netlink.h>
#include <sys/socket.h>

namespace bulkhead::net {

Result<Socket> Socket::open(int protocol, unsigned group, const char* name) {
    Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
    if (!fd) return fail_errno(name);
    const int on = 1;
    // Old kernels lack these; errors then have no text.
    (void)::setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    (void)::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return fail_errno(name);
    if (group != 0 && ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
        return fail_errno(std::string("listening on the ") + name);
    }
    return Socket(std::move(fd));
}

Result<Socket> Socket::open(unsigned group) {
    return open(NETLINK_ROUTE, group, "route netlink socket");
}

Result<Socket> Socket::open_netfilter(unsigned group) {
    return open(NETLINK_NETFILTER, group, "netfilter netlink socket");
}

Status Socket::send(std::string_view message) {
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    constexpr std::size_t usual = 32 * 1024; // what any send buffer takes
    if (message.size() > usual) {
        const int size = static_cast<int>(message.size() + usual);
        if (::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
            return fail_errno("netlink's send buffer");
    }
    for (;;) {
        if (::sendto(fd_.get(), message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&kernel),
                     sizeof kernel) >= 0) {
            return {};
        }
        if (errno != EINTR) return fail_errno("sending to netlink");
    }
}

Result<std::optional<std::string_view>> Socket::receive() {
    for (;;) {
        sockaddr_nl from{};
        iovec part{buffer_.data(), buffer_.size()};
        msghdr message{};
        message.msg_name = &from;
        message.msg_namelen = sizeof from;
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        const ssize_t got = ::recvmsg(fd_.get(), &message, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return std::nullopt;
        if (got < 0) return fail_errno("reading from netlink");
        if (from.nl_pid != 0) continue;
        if ((message.msg_flags & MSG_TRUNC) != 0) return fail_errno("reading from netlink", ENOBUFS);
        return std::string_view(buffer_.data(), static_cast<std::size_t>(got));
    }
}

} // namespace bulkhead::net
