#include "base/lock_file.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>

namespace bulkhead {

Result<LockFile> LockFile::take(const std::string& file, const std::string& what) {
    Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) return fail_errno(file);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return fail_errno(file);
        if (std::chrono::steady_clock::now() >= end)
            return fail(what + ", for 60 s already; try again later", ETIMEDOUT);
        std::this_thread::sleep_for(std::chrono::milliseconds(20)); // flock(2) has no deadline
    }
    return LockFile(std::move(fd));
}

} // namespace bulkhead
