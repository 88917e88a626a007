// Outlet: lines for the host on a virtio-serial port whose other end is a file there. Lines written before the port
// exists are kept (bounded) and sent when it appears.
#pragma once

#include "base/fd.hpp"

#include <string>
#include <string_view>

namespace bulkhead::lab {

class Outlet {
public:
    void attach(Fd port); // non-blocking
    [[nodiscard]] int fd() const { return port_.get(); }
    void write(std::string_view bytes);
    void flush(); // when the port can take more
    [[nodiscard]] bool full() const { return pending_.size() >= limit; }

private:
    static constexpr std::size_t limit = 1024 * 1024;
    Fd port_;
    std::string pending_;
};

} // namespace bulkhead::lab
