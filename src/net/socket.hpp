// Socket: a route netlink socket (NETLINK_ROUTE) that believes nobody but the kernel.
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
    // Joins `group` (RTNLGRP_...) unless it is 0.
    static Result<Socket> open(unsigned group = 0);

    [[nodiscard]] int fd() const { return fd_.get(); }
    Status send(std::string_view message);
    // The next datagram; nullopt: none is there. Never blocks. An error with ENOBUFS means that messages were lost.
    Result<std::optional<std::string_view>> receive();

private:
    explicit Socket(Fd fd) : fd_(std::move(fd)), buffer_(buffer_size, '\0') {}
    static constexpr std::size_t buffer_size = 64 * 1024; // the kernel's dumps come in at most 32 KiB

    Fd fd_;
    std::string buffer_; // what receive() points into
};

} // namespace bulkhead::net
