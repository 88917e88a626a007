#include "domain/core_dump.hpp"

#include "base/fd.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <fcntl.h>
#include <mutex>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <thread>
#include <unistd.h>

namespace bulkhead::domain {
namespace {

// Looks at the file's size while it lives.
class Watcher {
public:
    Watcher(int fd, std::uint64_t total_kib, const std::function<void(const std::string&)>& progress)
        : thread_([this, fd, total_kib, progress] { watch(fd, total_kib, progress); }) {}
    ~Watcher() {
        {
            const std::lock_guard lock(mutex_);
            over_ = true;
        }
        changed_.notify_one();
        thread_.join();
    }
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

private:
    void watch(int fd, std::uint64_t total_kib, const std::function<void(const std::string&)>& progress) {
        std::unique_lock lock(mutex_);
        std::uint64_t told = 0;
        while (!changed_.wait_for(lock, std::chrono::milliseconds(500), [this] { return over_; })) {
            struct stat now {};
            if (::fstat(fd, &now) != 0 || total_kib == 0) continue;
            // Sparse parts count as written; the header makes it a little more than the memory.
            const std::uint64_t percent =
                std::min<std::uint64_t>(100, static_cast<std::uint64_t>(now.st_size) / 1024 * 100 / total_kib);
            if (percent > told) progress("dumping: " + std::to_string(percent) + " %");
            told = percent;
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool over_ = false;
    std::thread thread_; // last: it uses the others
};

Status check_room(const Fd& file, const xen::DomainInfo& domain, const std::string& folder) {
    struct statvfs room {};
    if (::fstatvfs(file.get(), &room) != 0) return fail_errno(folder);
    const std::uint64_t free_kib = static_cast<std::uint64_t>(room.f_bavail) * room.f_frsize / 1024;
    if (free_kib >= domain.memory_kib) return {};
    return fail("the dump of '" + domain.name + "' needs " + std::to_string(domain.memory_kib / 1024) + " MiB, but " +
                    folder + " has room for " + std::to_string(free_kib / 1024),
                ENOSPC);
}

// link() does not replace: an existing file is replaced by a second step.
Status give_name(const std::string& self, const std::string& path) {
    const auto link_to = [&](const std::string& name) {
        return ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    if (link_to(path)) return {};
    if (errno != EEXIST) return fail_errno(path);
    const std::string other = path + ".new." + std::to_string(::getpid());
    if (!link_to(other)) return fail_errno(other);
    if (::rename(other.c_str(), path.c_str()) == 0) return {};
    const auto error = fail_errno(path);
    ::unlink(other.c_str());
    return error;
}

} // namespace

Status dump_core(xen::Context& xen, const xen::DomainInfo& domain, const std::string& path,
                 const std::function<void(const std::string&)>& progress) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos || slash + 1 == path.size())
        return fail("'" + printable(path, 256) + "' is no file's path", EINVAL);
    struct stat old {};
    if (::stat(path.c_str(), &old) == 0 && !S_ISREG(old.st_mode))
        return fail(path + " is there and no ordinary file", EEXIST);
    const std::string folder = slash == 0 ? "/" : path.substr(0, slash);
    const Fd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file && (errno == EOPNOTSUPP || errno == EISDIR))
        return fail("the file system of " + folder + " cannot hide an unfinished file (O_TMPFILE); dump to another one",
                    EOPNOTSUPP);
    if (!file) return fail_errno(folder);
    TRY(check_room(file, domain, folder));
    const std::string self = "/proc/self/fd/" + std::to_string(file.get()); // libxl wants a path
    {
        const Watcher watcher(file.get(), domain.memory_kib, progress);
        TRY(context(xen::dump_core_to(xen, domain.id, self), path));
    }
    if (::fsync(file.get()) != 0) return fail_errno(path);
    return give_name(self, path);
}

} // namespace bulkhead::domain
