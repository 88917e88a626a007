// Ports: the virtio-serial ports that lead to the host, by the names that QEMU gave them.
//
// poll(2) on such a port reports POLLHUP for as long as no host program is connected (drivers/char/virtio_console.c,
// port_fops_poll), which would keep a level-triggered loop busy. The ports are therefore watched edge-triggered through
// an epoll instance, and only that instance is in the loop.
#pragma once

#include "base/fd.hpp"
#include "base/loop.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace bulkhead::lab {

class Ports {
public:
    using Found = std::function<void(const std::string& name, Fd port)>;
    using Ready = std::function<void(std::uint32_t events)>; // epoll(7) bits, once per change

    explicit Ports(Loop& loop) : loop_(loop) {}
    Ports(const Ports&) = delete;
    Ports& operator=(const Ports&) = delete;

    // Calls `found` for every port, those that are there and those that appear later, with the opened non-blocking
    // device.
    Status start(Found found);
    // `port` must outlive this object.
    Status watch(int port, Ready ready);

private:
    void scan();

    Loop& loop_;
    Fd epoll_, uevents_;
    Found found_;
    std::map<std::string, bool> known_; // device names that were handed out
    std::map<int, Ready> ready_;
};

} // namespace bulkhead::lab
