#include "hotplug/block.hpp"

#include "storage/loop_device.hpp"

#include <cerrno>
#include <cstdio>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace bulkhead::hotplug {
namespace {

constexpr const char* init_wait = "2"; // XenbusState of a backend that waits for its device

struct Connected {
    std::string device; // "/dev/loop3", "/dev/vg/root"
    bool loop = false;
};

Result<Connected> connect(const std::string& target, bool read_only) {
    struct stat info {};
    if (::stat(target.c_str(), &info) != 0) return fail_errno(target, errno);
    if (S_ISBLK(info.st_mode)) return Connected{target, false};
    if (!S_ISREG(info.st_mode)) return fail(target + " is neither a block device nor a file");
    return Connected{TRY(storage::attach_loop(target, read_only)), true};
}

Result<std::string> number_of(const std::string& device) {
    struct stat info {};
    if (::stat(device.c_str(), &info) != 0) return fail_errno(device, errno);
    char text[32];
    std::snprintf(text, sizeof text, "%x:%x", major(info.st_rdev), minor(info.st_rdev));
    return std::string(text);
}

} // namespace

Status add_block(xen::Store& store, const std::string& path) {
    if (TRY(store.exists(path + "/physical-device"))) return {}; // done already
    const std::string target = TRY(store.read(path + "/params"));
    const bool read_only = TRY(store.read(path + "/mode")) != "w";
    const Connected disk = TRY(connect(target, read_only));
    const auto tell = [&]() -> Status {
        const std::string number = TRY(number_of(disk.device));
        return store.transaction([&](xen::Transaction& now) -> Status {
            // libxl may have given up meanwhile, or somebody has removed the disk.
            if (TRY(now.read_if(path + "/state")) != init_wait) return fail("the disk is no longer wanted");
            if (disk.loop) TRY(now.write(path + "/node", disk.device));
            TRY(now.write(path + "/physical-device", number));
            TRY(now.write(path + "/physical-device-path", disk.device)); // QEMU's, of an emulated disk
            return now.write(path + "/hotplug-status", "connected");
        });
    };
    Status told = tell();
    if (!told && disk.loop) (void)storage::detach_loop(disk.device, target);
    return told;
}

Status remove_block(xen::Store& store, const std::string& path) {
    const auto node = TRY(store.read_if(path + "/node"));
    const auto target = TRY(store.read_if(path + "/params"));
    if (!node || !target) return {};
    return storage::detach_loop(*node, *target);
}

Status report(xen::Store& store, const std::string& path, const std::string& error) {
    return store.transaction([&](xen::Transaction& now) -> Status {
        if (!TRY(now.exists(path))) return {};
        TRY(now.write(path + "/hotplug-error", error));
        return now.write(path + "/hotplug-status", "error");
    });
}

} // namespace bulkhead::hotplug
