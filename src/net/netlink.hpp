// Netlink: synchronous rtnetlink requests about links, with a deadline and the kernel's own words for errors
// (extended acknowledgements). Changes need CAP_NET_ADMIN in the network namespace.
#pragma once

#include "base/result.hpp"
#include "net/link.hpp"
#include "net/message.hpp"
#include "net/socket.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::net {

class Netlink {
public:
    static Result<Netlink> open();

    void set_deadline(std::chrono::milliseconds deadline) { deadline_ = deadline; } // default 5 s

    Result<std::vector<Link>> links();
    Result<std::optional<Link>> link(const std::string& name); // nullopt: there is none
    Result<std::optional<Link>> link(int index);

    // A bridge that forwards at once: STP off, forward delay 0, multicast snooping off. EEXIST when the name is taken.
    Status create_bridge(const std::string& name);
    Status configure_bridge(int index); // gives an existing bridge the same settings
    // A link of a kind that needs no more than a name, as "dummy" or "veth" (whose peer the kernel names).
    Status create(const std::string& name, const std::string& kind);
    Status remove(int index);
    // All in one request. The kernel applies it in the order MAC, MTU, name, alias, master, up, and stops at the first
    // that fails: look at the link again after an error.
    Status change(int index, const LinkChange& change);

private:
    explicit Netlink(Socket socket) : socket_(std::move(socket)) {}
    // Sends `request` and gives each answer to `each` until the kernel acknowledges.
    Status exchange(const Request& request, const std::function<Status(const Message&)>& each = {});
    Result<std::optional<Link>> find(int index, const std::string& name);

    Socket socket_;
    std::chrono::milliseconds deadline_{5000};
    std::uint32_t sequence_ = 0;
};

} // namespace bulkhead::net
