#include "image/service_image.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "image/digest.hpp"
#include "image/kernel.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::image {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t largest_kernel = 256 << 20;
constexpr std::size_t largest_manifest = 1 << 20;

void say(const ImageOptions& options, const std::string& text) {
    if (options.progress) options.progress(text);
}

// Only a folder that nothing else lives in is replaced: `--output /etc` must not cost anybody their /etc.
Status check_replaceable(const std::string& directory) {
    std::error_code code;
    const fs::file_status status = fs::symlink_status(directory, code);
    if (status.type() == fs::file_type::not_found) return {};
    if (status.type() != fs::file_type::directory) return fail(directory + ": not a folder; choose another --output");
    for (const auto& entry : fs::directory_iterator(directory, code)) {
        const std::string leaf = entry.path().filename().string();
        if (leaf != "kernel" && leaf != "initramfs" && leaf != "manifest.json")
            return fail(directory + ": holds other things than an image (" + printable(leaf, 80) +
                        "); choose another --output, or remove it");
    }
    if (code) return fail_errno(directory, code.value());
    return {};
}

Status no_space(Status status, const std::string& directory) {
    if (!status && (status.error().code == ENOSPC || status.error().code == EDQUOT))
        return fail("no space left for the image " + directory + ": free some on its disk, or choose another --output",
                    ENOSPC);
    return status;
}

// Puts `fresh` in the place of `directory` in one step; the old folder, if any, ends under the name `fresh` and is
// removed.
Status swap_in(const std::string& fresh, const std::string& directory) {
    if (::rename(fresh.c_str(), directory.c_str()) == 0) return {};
    if (errno != ENOTEMPTY && errno != EEXIST) return fail_errno(directory);
    if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, directory.c_str(), RENAME_EXCHANGE) != 0)
        return fail_errno("replacing " + directory);
    return {};
}

} // namespace

Result<Sources> prepare_sources(const ImageOptions& options, const std::vector<std::string>& packages) {
    const std::string directory = options.cache.empty() ? TRY(default_cache_directory()) : options.cache;
    PackageCache cache = TRY(PackageCache::open(directory));
    const std::string package = TRY(cache.resolve_kernel(options.kernel_package, options.refresh));
    std::vector<std::string> wanted = packages;
    wanted.push_back(package);
    TRY(options.refresh ? cache.refresh(wanted, options.progress) : cache.fetch(wanted, options.progress));
    const std::string root = cache.root(package);
    ModuleTree modules = TRY(ModuleTree::open(root));
    std::string image = root + "/boot/vmlinuz-" + modules.kernel_version();
    KernelSource kernel{package, cache.version(package), std::move(image), std::move(modules)};
    return Sources{std::move(cache), std::move(kernel)};
}

json describe_inputs(const ImageOptions& options, const Sources& sources, const std::vector<std::string>& packages) {
    json versions;
    versions[sources.kernel.package] = sources.kernel.version;
    for (const std::string& package : packages) versions[package] = sources.cache.version(package);
    return {{"builder", BULKHEAD_VERSION},
            {"compression", std::string(name(options.compression))},
            {"packages", std::move(versions)}};
}

Result<BuiltImage> find_current(const ImageOptions& options, const json& inputs) {
    if (!options.keep_current) return fail("a new image is wanted");
    BuiltImage built;
    built.directory = options.output;
    built.rebuilt = false;
    built.manifest = TRY(read_file(options.output + "/manifest.json", largest_manifest));
    const json manifest = json::parse(built.manifest, nullptr, false);
    const auto text = [&](const char* file, const char* key) {
        const json none;
        const json& part = manifest.is_object() && manifest.contains(file) ? manifest[file] : none;
        return part.is_object() && part.contains(key) && part[key].is_string() ? part[key].get<std::string>() : "";
    };
    if (!manifest.is_object() || !manifest.contains("inputs") || manifest["inputs"] != inputs)
        return fail("other inputs");
    // The hashes are compared too: a file that was changed by hand, or lost its end in a crash, is made anew.
    built.kernel_sha256 = TRY(sha256_file(options.output + "/kernel"));
    built.initramfs_sha256 = TRY(sha256_file(options.output + "/initramfs"));
    if (built.kernel_sha256 != text("kernel", "sha256") || built.initramfs_sha256 != text("initramfs", "sha256"))
        return fail("changed files");
    built.kernel_version = text("kernel", "release");
    std::error_code code;
    built.kernel_size = fs::file_size(options.output + "/kernel", code);
    built.initramfs_size = fs::file_size(options.output + "/initramfs", code);
    if (manifest.contains("modules") && manifest["modules"].is_object()) {
        for (const auto& item : manifest["modules"].items()) built.modules.push_back(item.key());
    }
    return built;
}

Result<BuiltImage> write_image(const ImageOptions& options, const std::string& kind, const KernelSource& kernel,
                               const Initramfs& initramfs, const std::vector<KernelModule>& modules,
                               const json& inputs) {
    std::string directory = options.output;
    while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
    TRY(check_replaceable(directory));

    BuiltImage built;
    built.directory = directory;
    built.kernel_version = kernel.modules.kernel_version();
    say(options, "unpacking the kernel " + built.kernel_version);
    const std::string vmlinux =
        TRY(context(extract_vmlinux(TRY(read_file(kernel.image, largest_kernel))), kernel.image));
    say(options, "packing the initramfs");
    const std::string packed = TRY(initramfs.build(options.compression));
    built.kernel_size = vmlinux.size();
    built.initramfs_size = packed.size();
    built.kernel_sha256 = sha256(vmlinux);
    built.initramfs_sha256 = sha256(packed);

    json list = json::object();
    for (const KernelModule& module : modules) {
        built.modules.push_back(module.name);
        list[module.name] = sha256(TRY(read_module(module.source)));
    }
    const json manifest = {
        {"format", 1},
        {"image", kind},
        {"inputs", inputs},
        {"kernel", {{"release", built.kernel_version}, {"sha256", built.kernel_sha256}, {"size", built.kernel_size}}},
        {"initramfs", {{"sha256", built.initramfs_sha256}, {"size", built.initramfs_size}}},
        {"modules", std::move(list)},
    };
    built.manifest = manifest.dump(2) + "\n"; // keys in alphabetical order: the same text every time

    const std::size_t slash = directory.rfind('/');
    if (slash != std::string::npos && slash > 0) TRY(no_space(make_directories(directory.substr(0, slash)), directory));
    const std::string fresh = directory + ".tmp." + std::to_string(::getpid());
    std::error_code code;
    fs::remove_all(fresh, code);
    if (::mkdir(fresh.c_str(), 0755) != 0) return fail_errno(fresh);
    Status done = write_file_atomic(fresh + "/kernel", vmlinux);
    if (done) done = write_file_atomic(fresh + "/initramfs", packed);
    if (done) done = write_file_atomic(fresh + "/manifest.json", built.manifest);
    if (done) done = swap_in(fresh, directory);
    fs::remove_all(fresh, code); // what failed, or the image that was replaced
    TRY(no_space(std::move(done), directory));
    return built;
}

} // namespace bulkhead::image
