#include "storage/loop_device.hpp"

#include "base/fd.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

namespace bulkhead::storage {
namespace {

constexpr int attempts = 64; // others look for a free one, too

// The kernel keeps a name for people, cut to what it has room for.
std::string kept_name(const std::string& file) {
    return file.substr(0, LO_NAME_SIZE - 1);
}

} // namespace

Result<std::string> attach_loop(const std::string& file, bool read_only) {
    const Fd backing(::open(file.c_str(), (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC));
    if (!backing) return fail_errno(file);
    const Fd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
    if (!control && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
        return fail("dom0's kernel has no loop devices; run: modprobe loop", ENODEV);
    if (!control) return fail_errno("/dev/loop-control");
    loop_config config{};
    config.fd = static_cast<std::uint32_t>(backing.get());
    config.info.lo_flags = read_only ? LO_FLAGS_READ_ONLY : 0;
    kept_name(file).copy(reinterpret_cast<char*>(config.info.lo_file_name), LO_NAME_SIZE - 1);
    for (int i = 0; i < attempts; ++i) {
        const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
        if (number < 0) return fail_errno("a free loop device");
        const std::string name = "/dev/loop" + std::to_string(number);
        const Fd device(::open(name.c_str(), O_RDWR | O_CLOEXEC));
        if (!device) return fail_errno(name);
        if (::ioctl(device.get(), LOOP_CONFIGURE, &config) == 0) return name;
        if (errno != EBUSY) return fail_errno(name + " for " + file);
    }
    return fail("all loop devices are taken before they can be used", EBUSY);
}

Status detach_loop(const std::string& name, const std::string& file) {
    const Fd device(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    if (!device) return fail_errno(name);
    loop_info64 info{};
    if (::ioctl(device.get(), LOOP_GET_STATUS64, &info) != 0) return errno == ENXIO ? Status() : fail_errno(name);
    const auto* const kept = reinterpret_cast<const char*>(info.lo_file_name);
    if (std::string(kept, ::strnlen(kept, LO_NAME_SIZE)) != kept_name(file)) return {};
    if (::ioctl(device.get(), LOOP_CLR_FD) != 0 && errno != ENXIO) return fail_errno(name);
    return {};
}

} // namespace bulkhead::storage
