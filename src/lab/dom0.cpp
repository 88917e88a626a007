#include "lab/dom0.hpp"

#include "base/file.hpp"
#include "image/digest.hpp"
#include "image/initramfs.hpp"
#include "image/kernel.hpp"
#include "image/library_closure.hpp"
#include "image/module_tree.hpp"
#include "image/package_cache.hpp"
#include "image/unpack.hpp"
#include "lab/dom0_libraries.hpp"
#include "lab/dom0_parts.hpp"
#include "lab/programs.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <sys/mman.h>
#include <tuple>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

namespace fs = std::filesystem;

// Changes whenever base_image() puts other things in, so that an old cache entry is not taken.
constexpr const char* recipe = "dom0 recipe 7";

constexpr const char* hypervisor_package = "xen-hypervisor-4.17-amd64";
constexpr const char* kernel_package = "linux-image-amd64"; // cloud kernels lack CONFIG_XEN_DOM0

const std::vector<std::string>& dom0_packages() {
    static const std::vector<std::string> names = {"xen-utils-4.17", "xen-utils-common",
                                                   "xenstore-utils", "bash",
                                                   "busybox-static", "libxenmisc4.17",
                                                   "libxencall1",    "libxendevicemodel1",
                                                   "libxenevtchn1",  "libxenforeignmemory1",
                                                   "libxengnttab1",  "libxenhypfs1",
                                                   "libxenstore4",   "libxentoolcore1",
                                                   "libxentoollog1", "libyajl2",
                                                   "libext2fs2",     "libcom-err2",
                                                   "liblzma5",       "libuuid1",
                                                   "libzstd1",       "zlib1g",
                                                   "libncurses6",    "libtinfo6",
                                                   "libgcc-s1",      "libstdc++6",
                                                   "libc6",          "ncurses-base"};
    return names;
}

constexpr const char* xen_folder = "/usr/lib/xen-4.17/bin/";

const std::vector<std::string>& xen_programs() {
    static const std::vector<std::string> names = {"xl",
                                                   "xenstored",
                                                   "oxenstored",
                                                   "xen-init-dom0",
                                                   "xenconsoled",
                                                   "xenconsole",
                                                   "xentop",
                                                   "xenstore-control",
                                                   "xenpm",
                                                   "libxl-save-helper",
                                                   "xen-diag",
                                                   "lsevtchn",
                                                   "xen-cpuid",
                                                   "xenctx",
                                                   "xen-hvmctx",
                                                   "flask-getenforce",
                                                   "flask-setenforce",
                                                   "flask-loadpolicy",
                                                   "flask-label-pci"};
    return names;
}

const std::vector<std::string>& xenstore_programs() {
    static const std::vector<std::string> names = {"xenstore",      "xenstore-chmod", "xenstore-exists",
                                                   "xenstore-list", "xenstore-ls",    "xenstore-read",
                                                   "xenstore-rm",   "xenstore-watch", "xenstore-write"};
    return names;
}

std::vector<std::string> library_roots(const image::PackageCache& cache) {
    std::vector<std::string> roots;
    for (const std::string& package : dom0_packages()) roots.push_back(cache.root(package));
    return roots;
}

Status add_modules(image::Initramfs& image, const std::string& root) {
    const image::ModuleTree tree = TRY(image::ModuleTree::open(root));
    image::ModuleChoice choice;
    // lab-init loads what the toolstack needs itself; these come after it. The others are loaded when the kernel or
    // somebody asks for them (lab-init is dom0's modprobe).
    choice.load = {"xen_netback", "xen_blkback", "xen_netfront", "loop", "crc32c_generic", "nft_meta_bridge"};
    choice.present = {"virtio_pci", "virtio_console", "xen_evtchn", "xen_gntdev",  "xen_gntalloc", "xen_privcmd",
                      "xenfs",      "xen_pciback",    "e1000e",     "e1000",       "8139too",      "8139cp",
                      "virtio_net", "bridge",         "veth",       "dummy",       "tun",          "vfat",
                      "nls_cp437",  "nls_ascii",      "dm_mod",     "dm_snapshot", "xhci_pci"};
    // One that a kernel has built in or lacks is no reason to fail: lab-init says what it misses.
    for (auto* list : {&choice.load, &choice.present}) {
        std::erase_if(*list, [&](const std::string& name) { return !tree.has(name) && !tree.is_builtin(name); });
    }
    TRY(image::add_modules(image, tree, choice));
    return {};
}

Status add_configuration(image::Initramfs& image, const image::PackageCache& cache) {
    TRY(image.add_tree(cache.root("xen-utils-common") + "/etc/xen",
                       [](const std::string& path) { return "/etc/xen" + path; }));
    TRY(image.add_file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"));
    TRY(image.add_file("/etc/group", "root:x:0:\n"));
    TRY(image.add_file("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 dom0\n"));
    TRY(image.add_file("/etc/hostname", "dom0\n"));
    TRY(image.add_file("/etc/profile", "PS1='dom0:\\w# '\n"));
    TRY(image.add_file("/root/.bashrc", "PS1='dom0:\\w# '\n"));
    return {};
}

Result<image::Initramfs> base_image(const image::PackageCache& cache, const std::string& kernel_root) {
    image::Initramfs image;
    for (const char* folder : {"/dev", "/proc", "/sys", "/run", "/tmp", "/root", "/etc", "/usr/bin", "/usr/sbin",
                               "/usr/lib", "/usr/lib64", "/var/log", "/var/lib"}) {
        TRY(image.add_directory(folder));
    }
    for (const char* link : {"bin", "sbin", "lib64"}) {
        TRY(image.add_symlink(std::string("/") + link, std::string("usr/") + link));
    }
    // /lib itself is a folder: add_modules() puts things below it.
    TRY(image.add_symlink("/lib/x86_64-linux-gnu", "../usr/lib/x86_64-linux-gnu"));
    TRY(image.add_symlink("/var/run", "../run"));
    TRY(image.add_symlink("/var/lock", "../run/lock"));
    TRY(image.add_symlink("/usr/lib/xen", "xen-4.17"));
    TRY(image.add_device("/dev/console", 'c', 5, 1));

    std::vector<std::string> programs;
    const auto add_program = [&](const std::string& package, const std::string& source,
                                 const std::string& path) -> Status {
        const std::string file = image::resolve_in_root(cache.root(package), source);
        if (file.empty()) return fail("package " + package + " does not contain " + source);
        programs.push_back(file);
        return image.add_file_from(path, file, 0755);
    };
    for (const std::string& name : xen_programs()) {
        TRY(add_program("xen-utils-4.17", xen_folder + name, xen_folder + name));
        TRY(image.add_symlink("/usr/sbin/" + name, "../lib/xen-4.17/bin/" + name));
    }
    for (const std::string& name : xenstore_programs()) {
        TRY(add_program("xenstore-utils", "/usr/bin/" + name, "/usr/bin/" + name));
    }
    for (const char* terminal : {"l/linux", "v/vt100", "x/xterm"}) { // for xentop and our top
        const std::string file = std::string("/lib/terminfo/") + terminal;
        TRY(image.add_file_from(file, cache.root("ncurses-base") + file));
    }
    TRY(add_program("bash", "/bin/bash", "/usr/bin/bash"));
    TRY(add_program("busybox-static", "/bin/busybox", "/usr/bin/busybox"));
    TRY(image.add_symlink("/usr/sbin/modprobe", "/init"));
    // xl loads libgcc_s when a thread is cancelled; no ELF header names it.
    TRY(add_libraries(image, TRY(image::library_closure(programs, library_roots(cache), {"libgcc_s.so.1"}))));
    TRY(add_modules(image, kernel_root));
    TRY(add_configuration(image, cache));
    return image;
}

// Makes FILE by `make` unless it is there; other files of the same kind ("dom0-*") are outdated and go.
Status cached(const std::string& folder, const std::string& kind, const std::string& file,
              const std::function<Status(const std::string& path)>& make) {
    const std::string path = folder + "/" + file;
    if (exists(path)) return {};
    TRY(make(path));
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        const std::string name = entry.path().filename();
        // A lab that runs has read its files: removing them does not disturb it.
        if (name != file && name.rfind(kind, 0) == 0) fs::remove(entry.path(), ignored);
    }
    return {};
}

constexpr std::size_t kernel_limit = 256 << 20;
constexpr std::size_t archive_limit = 1 << 30;

Status add_guest_images(image::Initramfs& image, const LabOptions& options) {
    std::map<std::string, std::string> kernels; // by content: images for one kernel version share it
    for (const auto& [name, folder] : options.images) {
        const std::string place = "/var/lib/bulkhead/images/" + name + "/";
        for (const char* part : {"kernel", "initramfs"}) {
            if (!exists(folder + "/" + part)) {
                return fail("--image " + name + "=" + folder + ": there is no file " + part +
                            " in it; `bulkhead image` makes such folders");
            }
        }
        const std::string hash = TRY(image::sha256_file(folder + "/kernel"));
        const auto [entry, fresh] = kernels.emplace(hash, name);
        if (fresh) {
            TRY(image.add_file_from(place + "kernel", folder + "/kernel"));
        } else {
            TRY(image.add_symlink(place + "kernel", "../" + entry->second + "/kernel"));
        }
        TRY(image.add_file_from(place + "initramfs", folder + "/initramfs"));
        if (exists(folder + "/manifest.json")) {
            TRY(image.add_file_from(place + "manifest.json", folder + "/manifest.json"));
        }
    }
    return {};
}

} // namespace

Result<Dom0Files> prepare_dom0(const LabOptions& options, const Progress& progress) {
    const std::string packages = TRY(image::default_cache_directory());
    image::PackageCache cache = TRY(image::PackageCache::open(packages));
    const std::string kernel_name = TRY(cache.resolve_kernel(kernel_package));
    std::vector<std::string> wanted = dom0_packages();
    wanted.emplace_back(hypervisor_package);
    wanted.push_back(kernel_name);
    std::vector<std::string> all = wanted;
    for (const std::string& part : options.parts) {
        const std::vector<std::string>& more = part_packages(part);
        all.insert(all.end(), more.begin(), more.end());
    }
    TRY(cache.fetch(all, progress));

    std::string inputs = recipe;
    for (const std::string& package : wanted) inputs += "\n" + package + " " + cache.version(package);
    const std::string folder = fs::path(packages).parent_path().string() + "/lab";
    TRY(make_directories(folder));

    Dom0Files files;
    files.xen_version = cache.version(hypervisor_package);
    files.kernel_version = kernel_name.substr(std::string_view("linux-image-").size());
    const std::string kernel_root = cache.root(kernel_name);

    std::string xen_source = cache.root(hypervisor_package) + "/boot/xen-4.17-amd64.gz";
    std::string xen_file = "xen-" + image::sha256(files.xen_version).substr(0, 16);
    if (!options.hypervisor.empty()) {
        xen_source = options.hypervisor;
        xen_file = "own-xen-" + TRY(context(image::sha256_file(xen_source), "--hypervisor")).substr(0, 16);
    }
    TRY(cached(folder, options.hypervisor.empty() ? "xen-" : "own-xen-", xen_file,
               [&](const std::string& path) -> Status {
                   progress("unpacking Xen");
                   std::string xen = TRY(read_file(xen_source, kernel_limit));
                   if (xen.rfind("\x7f"
                                 "ELF",
                                 0) != 0)
                       xen = TRY(context(image::unpack(xen, kernel_limit), xen_source));
                   return write_file_atomic(path, xen);
               }));
    files.xen = folder + "/" + xen_file;

    const std::string kernel_file = "vmlinux-" + image::sha256(kernel_name + cache.version(kernel_name)).substr(0, 16);
    TRY(cached(folder, "vmlinux-", kernel_file, [&](const std::string& path) -> Status {
        progress("unpacking the kernel");
        const std::string source = kernel_root + "/boot/vmlinuz-" + files.kernel_version;
        const std::string vmlinux = TRY(context(image::extract_vmlinux(TRY(read_file(source, kernel_limit))), source));
        return write_file_atomic(path, vmlinux);
    }));
    files.kernel = folder + "/" + kernel_file;

    const std::string base_file = "dom0-" + image::sha256(inputs).substr(0, 16);
    TRY(cached(folder, "dom0-", base_file, [&](const std::string& path) -> Status {
        progress("assembling dom0");
        const image::Initramfs image = TRY(base_image(cache, kernel_root));
        return image.write(path, image::Compression::none);
    }));
    files.base = folder + "/" + base_file;

    for (const std::string& part : options.parts) {
        std::string part_inputs = inputs;
        for (const std::string& package : part_packages(part))
            part_inputs += "\n" + package + " " + cache.version(package);
        const std::string part_file = "part-" + part + "-" + image::sha256(part_inputs).substr(0, 16);
        TRY(cached(folder, "part-" + part + "-", part_file, [&](const std::string& path) -> Status {
            progress("assembling " + part + " for dom0");
            const std::string base = TRY(read_file(files.base, archive_limit));
            const image::Initramfs image = TRY(part_image(cache, part, dom0_packages(), base));
            return image.write(path, image::Compression::none);
        }));
        files.parts.push_back(folder + "/" + part_file);
    }
    return files;
}

Result<Fd> make_initramfs(const Dom0Files& files, const LabOptions& options) {
    std::string below = TRY(read_file(files.base, archive_limit));
    // Each archive starts at a multiple of four bytes.
    const auto align = [&below] { below.resize((below.size() + 3) / 4 * 4, '\0'); };
    for (const std::string& part : files.parts) {
        align();
        below += TRY(read_file(part, archive_limit));
    }
    align();
    image::Initramfs ours;
    TRY(ours.add_file_from("/init", TRY(find_program("bulkhead-lab-init", "lab")), 0755));
    std::vector<std::string> programs;
    for (const auto& [name, tree, place] : {std::tuple{"bulkhead", "cli", "/usr/bin/bulkhead"},
                                            {"bulkhead-all", "cli", "/usr/lib/bulkhead/bulkhead-all"},
                                            {"bulkheadd", "daemon", "/usr/sbin/bulkheadd"},
                                            {"block-hotplug", "hotplug", "/usr/lib/bulkhead/block-hotplug"},
                                            {"vif-hotplug", "hotplug", "/usr/lib/bulkhead/vif-hotplug"}}) {
        const auto program = find_program(name, tree);
        if (!program) continue; // a build without it: the lab boots all the same
        programs.push_back(*program);
        TRY(ours.add_file_from(place, *program, 0755));
    }
    // They were linked against this machine's libraries, so those are what they get, where Debian's packages in the
    // base have none: the loader's search finds each library once.
    const auto libraries = TRY(image::library_closure(programs, {"/"}));
    TRY(add_libraries(ours, libraries, below));
    TRY(add_guest_images(ours, options));
    const std::string top = TRY(ours.build(image::Compression::none));

    Fd file(::memfd_create("bulkhead-lab-initramfs", MFD_CLOEXEC));
    if (!file) return fail_errno("memfd_create");
    TRY(context(write_all(file.get(), below), "dom0's initramfs"));
    TRY(context(write_all(file.get(), top), "dom0's initramfs"));
    return file;
}

} // namespace bulkhead::lab
