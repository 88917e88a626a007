#include "lab/init/outlet.hpp"

#include <cerrno>
#include <unistd.h>

namespace bulkhead::lab {

void Outlet::attach(Fd port) {
    port_ = std::move(port);
    flush();
}

void Outlet::write(std::string_view bytes) {
    if (full()) return; // the host does not read; what is lost is log text
    pending_.append(bytes);
    flush();
}

void Outlet::flush() {
    while (port_ && !pending_.empty()) {
        const ssize_t put = ::write(port_.get(), pending_.data(), pending_.size());
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return;
        pending_.erase(0, static_cast<std::size_t>(put));
    }
}

} // namespace bulkhead::lab
