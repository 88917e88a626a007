#include "base/file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead {

Result<std::string> read_file(const std::string& path, std::size_t limit) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail_errno(path);
    std::string bytes;
    struct stat info {};
    if (::fstat(file.get(), &info) == 0 && info.st_size > 0) {
        bytes.reserve(std::min(limit, static_cast<std::size_t>(info.st_size)) + 1);
    }
    char buffer[64 * 1024];
    for (;;) {
        const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(path);
        if (got == 0) return bytes;
        bytes.append(buffer, static_cast<std::size_t>(got));
        if (bytes.size() > limit) return fail(path + ": larger than the limit of " + std::to_string(limit) + " bytes");
    }
}

Status read_parts(const Fd& file, const std::function<Status(std::string_view)>& take) {
    std::string part(std::size_t{256} * 1024, '\0');
    for (;;) {
        const ssize_t got = ::read(file.get(), part.data(), part.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno("read");
        if (got == 0) return {};
        TRY(take(std::string_view(part).substr(0, static_cast<std::size_t>(got))));
    }
}

Status write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::write(fd, bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return fail_errno("write");
        bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return {};
}

Status write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode) {
    const std::string temporary = path + ".tmp." + std::to_string(::getpid());
    Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!file) return fail_errno(temporary);
    Status done = write_all(file.get(), bytes);
    if (done && ::fsync(file.get()) != 0) done = fail_errno("fsync");
    file.reset();
    if (done && ::rename(temporary.c_str(), path.c_str()) != 0) done = fail_errno("rename");
    if (!done) ::unlink(temporary.c_str());
    return context(std::move(done), path);
}

Status write_to(const std::string& path, std::string_view bytes) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) return fail_errno(path);
    return context(write_all(file.get(), bytes), path);
}

Status make_directories(const std::string& path, unsigned mode) {
    for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
        const std::string part = path.substr(0, slash);
        struct stat info {};
        if (::mkdir(part.c_str(), mode) != 0 &&
            (errno != EEXIST || ::stat(part.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))) {
            return fail_errno(part);
        }
        if (slash == std::string::npos) return {};
    }
}

bool exists(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

} // namespace bulkhead
