// LinkEvents: what happens to network links, as the kernel tells it, on a descriptor for an event loop.
#pragma once

#include "base/result.hpp"
#include "net/link.hpp"
#include "net/socket.hpp"

#include <vector>

namespace bulkhead::net {

struct LinkEvent {
    enum class What {
        changed, // created, or anything about it
        removed,
        lost, // events were lost (ENOBUFS): look at everything again; `link` is empty
    };
    What what = What::lost;
    Link link;
};

class LinkEvents {
public:
    static Result<LinkEvents> open();

    [[nodiscard]] int fd() const { return socket_.fd(); }
    // What has arrived; never blocks. Call it when fd() is readable.
    Result<std::vector<LinkEvent>> take();

private:
    explicit LinkEvents(Socket socket) : socket_(std::move(socket)) {}
    Socket socket_;
};

} // namespace bulkhead::net
