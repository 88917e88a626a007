#include "lab/place.hpp"

#include "base/file.hpp"
#include "lab/options.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

// A folder that only we can change: others could otherwise plant sockets that we would connect to.
Status private_folder(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(path);
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) return fail_errno(path);
    if (!S_ISDIR(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & 0022) != 0) {
        return fail(path + " must be a folder that belongs to you and that nobody else can write to; remove it or set "
                           "XDG_RUNTIME_DIR");
    }
    return {};
}

} // namespace

Result<std::string> labs_folder() {
    const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
    std::string folder;
    if (runtime != nullptr && runtime[0] == '/' && exists(runtime)) {
        folder = runtime;
    } else {
        folder = "/tmp/bulkhead-" + std::to_string(::geteuid());
        TRY(private_folder(folder));
    }
    for (const char* part : {"/bulkhead", "/lab"}) {
        folder += part;
        TRY(private_folder(folder));
    }
    return folder;
}

Result<std::vector<std::string>> lab_names() {
    const std::string folder = TRY(labs_folder());
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder.c_str()), ::closedir);
    if (!listing) return fail_errno(folder);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(listing.get())) {
        if (check_name(entry->d_name)) names.emplace_back(entry->d_name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

Result<Place> Place::of(const std::string& name) {
    TRY(check_name(name));
    return Place(name, TRY(labs_folder()) + "/" + name);
}

bool Place::there() const {
    return exists(folder_);
}

Result<Fd> Place::create() const {
    if (::mkdir(folder_.c_str(), 0700) != 0) return fail_errno(folder_);
    return lock();
}

Result<Fd> Place::lock() const {
    Fd fd(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return fail_errno(folder_);
    return fd;
}

Status Place::remove() const {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
    if (error) return fail(folder_ + ": " + error.message(), error.value());
    return {};
}

Result<Fd> Place::connect(const std::string& socket) const {
    // sun_path holds 107 characters; the way through /proc is short.
    const Fd folder(::open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return fail_errno(folder_);
    const std::string path = "/proc/self/fd/" + std::to_string(folder.get()) + "/" + socket;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return fail(socket + ": the name is too long");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd || ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return fail_errno(this->path(socket));
    }
    return fd;
}

} // namespace bulkhead::lab
