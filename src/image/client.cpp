#include "image/client.hpp"

#include "image/client_script.hpp"
#include "image/digest.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead::image {

Result<BuiltImage> build_client(const ImageOptions& options) {
    const std::vector<std::string> packages = {"busybox-static"};
    const Sources sources = TRY(prepare_sources(options, packages));
    nlohmann::json inputs = describe_inputs(options, sources, packages);
    inputs["script"] = {{"sha256", sha256(client_script)}};
    if (Result<BuiltImage> current = find_current(options, inputs)) return current;

    Initramfs initramfs;
    for (const char* mount_point : {"/dev", "/proc", "/run", "/sys", "/tmp"}) TRY(initramfs.add_directory(mount_point));
    TRY(initramfs.add_device("/dev/console", 'c', 5, 1));
    const std::string busybox = sources.cache.root("busybox-static") + "/bin/busybox";
    TRY(initramfs.add_file_from("/bin/busybox", busybox, 0755));
    // init.sh installs the other applets before it opens the shell.
    TRY(initramfs.add_symlink("/bin/sh", "busybox"));
    TRY(initramfs.add_file("/init", std::string(client_script), 0755));
    for (const char* role : {"/sbin/poweroff", "/sbin/udhcpc-event"}) TRY(initramfs.add_symlink(role, "../init"));
    const ModuleChoice choice{{"xen_netfront", "xen_blkfront"}, {}, {}};
    const std::vector<KernelModule> modules = TRY(add_modules(initramfs, sources.kernel.modules, choice));
    return write_image(options, "client", sources.kernel, initramfs, modules, inputs);
}

} // namespace bulkhead::image
