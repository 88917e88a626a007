// A service VM's image on disk: a folder with `kernel` (vmlinux), `initramfs` and `manifest.json`, which says what they
// were made from and what they hash to. docs/image.md describes the manifest.
#pragma once

#include "base/result.hpp"
#include "image/compress.hpp"
#include "image/initramfs.hpp"
#include "image/module_tree.hpp"
#include "image/package_cache.hpp"

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace bulkhead::image {

// What every kind of image is asked for.
struct ImageOptions {
    std::string output;                               // the folder to be made or replaced
    std::string cache;                                // package cache; "": default_cache_directory()
    std::string kernel_package = "linux-image-amd64"; // a meta package or a real one
    Compression compression = Compression::zstd;      // of the initramfs
    bool refresh = false;                             // ask apt for newer packages
    bool keep_current = false;                        // do nothing when `output` was made from the same inputs
    std::function<void(std::string_view)> progress;   // short texts; may be empty
};

struct BuiltImage {
    std::string directory;
    std::string kernel_version;
    std::string kernel_sha256, initramfs_sha256;
    std::uint64_t kernel_size = 0, initramfs_size = 0; // bytes
    std::vector<std::string> modules;
    std::string manifest; // the JSON text
    bool rebuilt = true;  // false: keep_current found it up to date
};

// A kernel package at hand.
struct KernelSource {
    std::string package, version; // "linux-image-6.1.0-56-amd64", "6.1.192-2"
    std::string image;            // path of its vmlinuz
    ModuleTree modules;
};

// Opens the cache and brings the kernel (and `packages`, beside it) into it.
struct Sources {
    PackageCache cache;
    KernelSource kernel;
};
Result<Sources> prepare_sources(const ImageOptions& options, const std::vector<std::string>& packages);

// The inputs that both kinds of image share, for the manifest.
nlohmann::json describe_inputs(const ImageOptions& options, const Sources& sources,
                               const std::vector<std::string>& packages);

// The image in `options.output` when keep_current is set and it was made from `inputs`; a failure otherwise.
Result<BuiltImage> find_current(const ImageOptions& options, const nlohmann::json& inputs);

// Unpacks the kernel, packs the initramfs and puts the folder in place: the old one or the new one, never half. A
// folder that holds anything else than an image is left alone, with an error.
Result<BuiltImage> write_image(const ImageOptions& options, const std::string& kind, const KernelSource& kernel,
                               const Initramfs& initramfs, const std::vector<KernelModule>& modules,
                               const nlohmann::json& inputs);

} // namespace bulkhead::image
