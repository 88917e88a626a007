// PackageCache: Debian packages by name, downloaded by `apt-get download` without root and unpacked, each in a folder
// of its own.
//
// Layout: DIRECTORY/NAME_VERSION_ARCH.deb while downloading, DIRECTORY/unpacked/NAME/VERSION/ the package's files,
// DIRECTORY/index/NAME one line "VERSION" written last, so that what the index names is complete. DIRECTORY/lock
// serialises processes.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::image {

// ${XDG_CACHE_HOME:-~/.cache}/bulkhead/packages
Result<std::string> default_cache_directory();

class PackageCache {
public:
    using Progress =
        std::function<void(std::string_view)>; // short texts such as "downloading busybox-static"; may be empty

    // Creates the directory. Errors: not writable, no space.
    static Result<PackageCache> open(std::string directory);

    // Makes all `packages` present: downloads what is missing, verifies (apt checks the hashes; we check that the
    // .deb's control says the name), unpacks to a temporary folder and renames. A complete cache calls no program at
    // all. Concurrent callers wait for each other.
    Status fetch(const std::vector<std::string>& packages, const Progress& progress);
    // As fetch(), but takes what apt offers today even when another version is in the cache.
    Status refresh(const std::vector<std::string>& packages, const Progress& progress);

    // The package that a kernel meta package stands for today: linux-image-amd64 → linux-image-6.1.0-NN-amd64.
    // Remembered in the cache (refresh = true asks apt again). A name that is a real kernel package already comes back
    // unchanged.
    Result<std::string> resolve_kernel(const std::string& package, bool refresh = false);

    // Folder with the files of a fetched package, such as ROOT/usr/bin/xl; and its version. "" for one that was not
    // fetched.
    [[nodiscard]] std::string root(const std::string& package) const;
    [[nodiscard]] std::string version(const std::string& package) const;

    [[nodiscard]] const std::string& directory() const { return directory_; }

private:
    explicit PackageCache(std::string directory) : directory_(std::move(directory)) {}

    Status ensure(const std::vector<std::string>& packages, const Progress& progress, bool again);

    std::string directory_;
};

} // namespace bulkhead::image
