#include "image/package_cache.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "image/apt.hpp"
#include "image/deb.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::image {
namespace {

namespace fs = std::filesystem;

// Debian policy 5.6.1. It also keeps names from being options or paths.
bool valid_name(std::string_view name) {
    if (name.size() < 2 || name.size() > 128) return false;
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return plain(name[0]) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return plain(c) || c == '+' || c == '-' || c == '.'; });
}

// A version as a folder name: ':' would end a path in PATH-like lists. The same form as apt's file names.
std::string folder_name(const std::string& version) {
    std::string name;
    for (const char c : version) name += c == ':' ? "%3a" : std::string(1, c);
    return name;
}

bool valid_version(std::string_view version) { // Debian policy 5.6.12
    return !version.empty() && version.size() < 200 && version[0] != '.' &&
           std::all_of(version.begin(), version.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view(".+-~:").find(c) != std::string_view::npos;
           });
}

Result<Fd> lock(const std::string& file) {
    Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!fd) return fail_errno(file);
    while (::flock(fd.get(), LOCK_EX) != 0) {
        if (errno != EINTR) return fail_errno(file);
    }
    return fd;
}

// Removes a folder when it goes out of scope, whatever happened.
class Temporary {
public:
    static Result<Temporary> create(const std::string& parent) {
        std::string name = parent + "/tmp.XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) return fail_errno(name);
        return Temporary(std::move(name));
    }
    Temporary(Temporary&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    Temporary& operator=(Temporary&&) = delete;
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    explicit Temporary(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

// A process that was killed leaves its temporary folder. Called under the lock, so that all of them are dead.
void remove_leftovers(const std::string& directory) {
    std::error_code ignored;
    std::vector<fs::path> dead;
    for (const auto& entry : fs::directory_iterator(directory, ignored)) {
        if (entry.path().filename().string().starts_with("tmp.")) dead.push_back(entry.path());
    }
    for (const fs::path& path : dead) fs::remove_all(path, ignored);
}

Status no_space(Status status) {
    if (!status && (status.error().code == ENOSPC || status.error().code == EDQUOT))
        status.error().message = "no space left for the package cache: free some on its disk, or set XDG_CACHE_HOME to "
                                 "another one (" +
                                 status.error().message + ")";
    return status;
}

} // namespace

Result<std::string> default_cache_directory() {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    if (cache != nullptr && cache[0] == '/') return std::string(cache) + "/bulkhead/packages";
    const char* home = std::getenv("HOME");
    if (home != nullptr && home[0] == '/') return std::string(home) + "/.cache/bulkhead/packages";
    return fail("no place for the package cache: set HOME or XDG_CACHE_HOME");
}

Result<PackageCache> PackageCache::open(std::string directory) {
    for (const char* part : {"/unpacked", "/index", "/kernels"})
        TRY(no_space(context(make_directories(directory + part), "the package cache")));
    if (::access(directory.c_str(), W_OK) != 0) return fail_errno("the package cache " + directory);
    return PackageCache(std::move(directory));
}

std::string PackageCache::version(const std::string& package) const {
    if (!valid_name(package)) return {};
    const auto text = read_file(directory_ + "/index/" + package, 256);
    const std::string version(text ? trim(*text) : "");
    return valid_version(version) ? version : std::string();
}

std::string PackageCache::root(const std::string& package) const {
    const std::string version = this->version(package);
    return version.empty() ? std::string() : directory_ + "/unpacked/" + package + "/" + folder_name(version);
}

Status PackageCache::fetch(const std::vector<std::string>& packages, const Progress& progress) {
    return no_space(ensure(packages, progress, false));
}

Status PackageCache::refresh(const std::vector<std::string>& packages, const Progress& progress) {
    return no_space(ensure(packages, progress, true));
}

Status PackageCache::ensure(const std::vector<std::string>& packages, const Progress& progress, bool again) {
    const auto say = [&](const std::string& text) {
        if (progress) progress(text);
    };
    std::vector<std::string> missing;
    const auto look = [&] {
        missing.clear();
        for (const std::string& package : packages) {
            const std::string folder = root(package);
            if (again || folder.empty() || !exists(folder)) missing.push_back(package);
        }
        std::sort(missing.begin(), missing.end());
        missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
    };
    for (const std::string& package : packages) {
        if (!valid_name(package)) return fail("\"" + printable(package, 80) + "\" is not the name of a Debian package");
    }
    look();
    if (missing.empty()) return {};
    const Fd held = TRY(lock(directory_ + "/lock"));
    look(); // another process may have brought them while we waited
    if (missing.empty()) return {};
    remove_leftovers(directory_);

    const Temporary work = TRY(Temporary::create(directory_));
    if (again) {
        say("asking apt for newer packages");
        const auto offered = TRY(apt_versions(missing, work.path()));
        std::erase_if(missing, [&](const std::string& package) {
            const auto offer = offered.find(package);
            return offer != offered.end() && exists(root(package)) && offer->second == folder_name(version(package));
        });
        if (missing.empty()) return {};
    }

    say("downloading " + (missing.size() == 1 ? missing[0] : std::to_string(missing.size()) + " packages"));
    TRY(apt_download(missing, work.path()));

    std::vector<std::string> files;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(work.path(), code)) {
        if (entry.path().extension() == ".deb") files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) {
        const std::string leaf = fs::path(file).filename().string();
        const std::string named = leaf.substr(0, leaf.find('_'));
        if (!std::binary_search(missing.begin(), missing.end(), named)) continue;
        say("unpacking " + named);
        const std::string folder = work.path() + "/unpacked." + named;
        if (::mkdir(folder.c_str(), 0755) != 0 || ::chmod(folder.c_str(), 0755) != 0) return fail_errno(folder);
        const DebControl control = TRY(unpack_deb(file, folder));
        if (control.package != named || !valid_version(control.version))
            return fail(leaf + ": its control file speaks of another package: " + printable(control.package, 80));
        const std::string versions = directory_ + "/unpacked/" + named;
        const std::string place = versions + "/" + folder_name(control.version);
        TRY(make_directories(versions));
        fs::remove_all(place, code); // half-removed by hand, or the index was lost
        if (::rename(folder.c_str(), place.c_str()) != 0) return fail_errno(place);
        TRY(write_file_atomic(directory_ + "/index/" + named, control.version + "\n"));
        ::unlink(file.c_str());
        for (const auto& old : fs::directory_iterator(versions, code)) {
            std::error_code ignored;
            if (old.path() != place) fs::remove_all(old.path(), ignored);
        }
    }
    for (const std::string& package : missing) {
        if (root(package).empty()) return fail("apt-get download brought no file for the package " + package);
    }
    return {};
}

Result<std::string> PackageCache::resolve_kernel(const std::string& package, bool refresh) {
    constexpr std::string_view prefix = "linux-image-";
    if (!valid_name(package) || !package.starts_with(prefix))
        return fail("\"" + printable(package, 80) +
                    "\" is not a kernel package: use linux-image-amd64 or one of "
                    "`apt-cache search linux-image`");
    const char first = package.size() > prefix.size() ? package[prefix.size()] : '\0';
    if (first >= '0' && first <= '9') return package;
    const std::string memory = directory_ + "/kernels/" + package;
    if (!refresh) {
        const auto known = read_file(memory, 256);
        if (known && valid_name(trim(*known))) return std::string(trim(*known));
    }
    for (const std::string& needed : TRY(apt_depends(package))) {
        if (!needed.starts_with(prefix) || !valid_name(needed)) continue;
        TRY(no_space(write_file_atomic(memory, needed + "\n")));
        return needed;
    }
    return fail("the package " + package +
                " depends on no kernel image: run `apt-get update` as root, or name a kernel "
                "package with --kernel-package");
}

} // namespace bulkhead::image
