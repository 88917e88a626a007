#include "tpm/secret.hpp"

#include <cerrno>
#include <unistd.h>

namespace bulkhead::tpm {

Result<Secret> Secret::read(int fd, std::size_t limit) {
    Secret buffer;
    buffer.bytes_.reset(new char[limit + 1]);
    buffer.size_ = limit + 1; // what is wiped
    std::size_t used = 0;
    while (used < buffer.size_) {
        const ssize_t got = ::read(fd, buffer.bytes_.get() + used, buffer.size_ - used);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno("reading the secret");
        if (got == 0) break;
        used += static_cast<std::size_t>(got);
    }
    if (used == 0) return fail("the secret is empty");
    if (used > limit) return fail("the secret is longer than " + std::to_string(limit) + " bytes");
    return Secret(std::string_view(buffer.bytes_.get(), used));
}

} // namespace bulkhead::tpm
