#include "lab/init/system.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/modules.hpp"
#include "base/text.hpp"
#include "lab/xenstored.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bulkhead::lab {

Result<LabSettings> parse_lab_settings(std::string_view command_line) {
    LabSettings settings;
    for (const std::string_view word : words(command_line)) {
        if (word.substr(0, 19) == "bulkhead.xenstored=") {
            settings.xenstored = word.substr(19);
            if (!is_xenstored(settings.xenstored))
                return fail("bulkhead.xenstored=" + printable(settings.xenstored) + ": must be " +
                            std::string(xenstored_kinds));
        } else if (word.substr(0, 14) == "bulkhead.hide=") {
            for (const std::string_view address : split(word.substr(14), ',')) {
                if (!address.empty()) settings.hidden.emplace_back(address);
            }
        }
    }
    return settings;
}

Status mount_file_systems() {
    struct Mount {
        const char* type;
        const char* path;
        unsigned long flags;
        const char* data;
    };
    constexpr Mount mounts[] = {
        {"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
        {"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
        {"devtmpfs", "/dev", MS_NOSUID, "mode=0755"},
        {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=0,mode=0620,ptmxmode=0666"},
        {"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755"},
        {"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777"},
    };
    for (const Mount& mount : mounts) {
        TRY(make_directories(mount.path));
        // The kernel may have mounted /dev itself (CONFIG_DEVTMPFS_MOUNT): that is fine.
        if (::mount(mount.type, mount.path, mount.type, mount.flags, mount.data) != 0 && errno != EBUSY) {
            return fail_errno(std::string("mounting ") + mount.path);
        }
    }
    for (const char* folder :
         {"/run/xen", "/run/xenstored", "/run/lock", "/run/xen-hotplug", "/run/bulkhead", "/var/log/xen/console",
          "/var/log/bulkhead", "/var/lib/xen", "/var/lib/xenstored", "/var/lib/bulkhead", "/root", "/dev/shm"}) {
        TRY(make_directories(folder));
    }
    // What every Linux has and some programs ask for.
    for (const auto& [target, path] : {std::pair{"/proc/self/fd", "/dev/fd"},
                                       {"/proc/self/fd/0", "/dev/stdin"},
                                       {"/proc/self/fd/1", "/dev/stdout"},
                                       {"/proc/self/fd/2", "/dev/stderr"},
                                       {"/proc/mounts", "/etc/mtab"}}) {
        (void)!::symlink(target, path);
    }
    return {};
}

void load_modules(const std::vector<std::string>& names) {
    auto loader = ModuleLoader::open("/lib/bulkhead");
    if (!loader) return log::error("modules: " + loader.error().message);
    for (const std::string& name : names) {
        if (const Status loaded = loader->load(name); !loaded) log::error(loaded.error().message);
    }
}

Status loopback_up() {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return fail_errno("socket");
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return fail_errno("lo");
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return fail_errno("lo");
    return {};
}

Status hide_device(const std::string& address) {
    const std::string driver = "/sys/bus/pci/drivers/pciback/";
    if (!exists("/sys/bus/pci/devices/" + address)) return fail("there is no PCI device " + printable(address));
    // The channels to the host need virtio_pci, which takes a virtio NIC too: it is the first to have it.
    const std::string taken = "/sys/bus/pci/devices/" + address + "/driver/unbind";
    if (exists(taken)) TRY(write_to(taken, address));
    TRY(context(write_to(driver + "new_slot", address), "xen-pciback"));
    TRY(context(write_to(driver + "bind", address), "xen-pciback"));
    return {};
}

Status load_network_drivers(ModuleLoader& loader) {
    std::error_code ignored; // a machine without PCI has no such folder, and no such card
    for (const auto& device : std::filesystem::directory_iterator("/sys/bus/pci/devices", ignored)) {
        const std::string folder = device.path();
        const auto kind = read_file(folder + "/class", 64); // "0x020000": the base class of network controllers is 02
        if (!kind || !kind->starts_with("0x02") || exists(folder + "/driver")) continue;
        TRY(loader.load_for(std::string(trim(TRY(read_file(folder + "/modalias", 4096))))));
    }
    return {};
}

std::string uptime() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    char text[32];
    std::snprintf(text, sizeof text, "%lld.%02ld", static_cast<long long>(now.tv_sec), now.tv_nsec / 10'000'000);
    return text;
}

} // namespace bulkhead::lab
