#include "xen/domid_history.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::xen {
namespace {

constexpr std::size_t history_size_max = 4 << 20; // 32752 ids of at most 30 characters fit

// As libxl__lock_file() does it: the lock file may be replaced between open and lock, then it is not the lock any more.
Result<Fd> lock(const std::string& path) {
    for (;;) {
        Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
        if (!fd) return fail_errno(path);
        while (::flock(fd.get(), LOCK_EX) != 0) {
            if (errno != EINTR) return fail_errno(path);
        }
        struct stat held {};
        struct stat named {};
        if (::fstat(fd.get(), &held) != 0) return fail_errno(path);
        if (::stat(path.c_str(), &named) == 0 && held.st_dev == named.st_dev && held.st_ino == named.st_ino) return fd;
    }
}

} // namespace

std::string without_domid(std::string_view history, unsigned domain) {
    std::string kept;
    for (const std::string_view line : split(history, '\n')) {
        const auto parts = words(line);
        if (parts.empty() || (parts.size() == 2 && parse_unsigned(parts[1]) == domain)) continue;
        kept.append(line).append("\n");
    }
    return kept;
}

Status forget_recent_domid(unsigned domain, const std::string& run_directory) {
    const std::string path = run_directory + "/domid-history";
    if (!exists(path)) return {};
    const Fd held = TRY(lock(path + ".lock"));
    const std::string history = TRY(read_file(path, history_size_max));
    const std::string kept = without_domid(history, domain);
    Status written = write_file_atomic(path, kept);
    ::unlink((path + ".lock").c_str()); // while it is held, as libxl does
    return written;
}

} // namespace bulkhead::xen
