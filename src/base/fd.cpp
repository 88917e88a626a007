#include "base/fd.hpp"

#include "base/result.hpp"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace bulkhead {

void Fd::reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

tl::unexpected<Error> fail_errno(std::string_view what, int code) {
    return fail(std::string(what) + ": " + std::strerror(code), code); // NOLINT: no threads share the buffer
}

tl::unexpected<Error> fail_errno(std::string_view what) {
    return fail_errno(what, errno);
}

} // namespace bulkhead
