// Socket: a netlink socket that believes nobody but the kernel.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::net {

class Socket {
public:
    // Of NETLINK_ROUTE. Joins `group` (RTNLGRP_...) unless it is 0.
    static Result<Socket> open(unsigned group = 0);
    static Result<Socket> open_netfilter(unsigned group = 0); // of NETLINK_NETFILTER; NFNLGRP_...

    [[nodiscard]] int fd() const { return fd_.get(); }
    // All of it in one datagram; a large one needs CAP_NET_ADMIN.
    Status send(std::string_view message);
    // The next datagram; nullopt: none is there. Never blocks. An error with ENOBUFS means that messages were lost.
    Result<std::optional<std::string_view>> receive();

private:
    static Result<Socket> open(int protocol, unsigned group, const char* name);
    explicit Socket(Fd fd) : fd_(std::move(fd)), buffer_(buffer_size, '\0') {}
    static constexpr std::size_t buffer_size = 64 * 1024; // the kernel's dumps come in at most 32 KiB

    Fd fd_;
    std::string buffer_; // what receive() points into
};

} // namespace bulkhead::net
