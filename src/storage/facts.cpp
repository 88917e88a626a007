#include "storage/facts.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "storage/mountinfo.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <linux/loop.h>
#include <optional>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace bulkhead::storage {
namespace {

namespace fs = std::filesystem;

constexpr unsigned depth_max = 32;
constexpr std::uint64_t sysfs_sector = 512; // of sysfs, whatever the device's own

std::string text_of(const std::string& path) {
    const auto text = read_file(path, 8192);
    return text ? std::string(trim(*text)) : "";
}

std::optional<std::pair<unsigned, unsigned>> number_of(const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) return std::nullopt;
    const auto major = parse_unsigned(std::string_view(text).substr(0, colon), 0xfff);
    const auto minor = parse_unsigned(std::string_view(text).substr(colon + 1), 0xfffff);
    if (!major || !minor) return std::nullopt;
    return std::pair{static_cast<unsigned>(*major), static_cast<unsigned>(*minor)};
}

// `first` and `count` in bytes.
Place bytes(std::uint64_t first, std::uint64_t count) {
    if (count == 0 || count > UINT64_MAX - first) return {false, first, UINT64_MAX};
    return {false, first, first + count};
}

// What device-mapper's uuid tells: volumes of LVM have room of their own in what they share. Others (a multipath, an
// encrypted device, a partition made by kpartx) count as the whole of what they lie on.
Place place_of(const std::string& folder) {
    return text_of(folder + "/dm/uuid").starts_with("LVM-") ? allocated : whole;
}

} // namespace

Result<Node> Facts::identify(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return fail_errno(path, errno);
    if (S_ISBLK(info.st_mode)) return device_node(major(info.st_rdev), minor(info.st_rdev));
    if (S_ISREG(info.st_mode)) return file_node(info.st_dev, info.st_ino);
    return fail(path + ": is neither a block device nor a file", EINVAL);
}

Result<Node> Facts::find(const std::string& path) {
    Node node = TRY(identify(path));
    TRY(context(look_below(node, depth_max), path));
    return node;
}

Result<Node> Facts::find_device(unsigned major, unsigned minor) {
    Node node = device_node(major, minor);
    TRY(look_below(node, depth_max));
    return node;
}

Status Facts::look_below(const Node& node, unsigned depth) {
    if (node.kind != Node::Kind::device || layers_.knows(node)) return {};
    if (depth == 0) return fail("devices lie on each other without an end");
    const std::string number = std::to_string(major(node.device)) + ":" + std::to_string(minor(node.device));
    std::error_code error;
    const fs::path folder = fs::canonical(sysfs_ + "/dev/block/" + number, error);
    if (error) return {}; // major 0 of a file system without a device, or one that has just gone
    const auto lies_on = [&](const std::string& dev_file, Place place) -> Status {
        const auto below = number_of(text_of(dev_file));
        if (!below) return fail(dev_file + ": is not MAJOR:MINOR");
        const Node lower = device_node(below->first, below->second);
        layers_.add(node, lower, place);
        return look_below(lower, depth - 1);
    };
    if (exists(folder.string() + "/partition")) {
        const auto start = parse_unsigned(text_of(folder.string() + "/start"), UINT64_MAX / sysfs_sector);
        const auto size = parse_unsigned(text_of(folder.string() + "/size"), UINT64_MAX / sysfs_sector);
        if (!start || !size) return fail(folder.string() + ": says neither its start nor its size");
        return lies_on(folder.parent_path().string() + "/dev", bytes(*start * sysfs_sector, *size * sysfs_sector));
    }
    if (exists(folder.string() + "/loop")) return look_below_loop(node, folder, depth);
    for (fs::directory_iterator at(folder / "slaves", error), end; !error && at != end; at.increment(error))
        TRY(lies_on(at->path().string() + "/dev", place_of(folder)));
    if (error && error != std::errc::no_such_file_or_directory) return fail_errno(folder.string(), error.value());
    return {};
}

// The kernel knows the file itself; its name in sysfs may be another file's by now.
Status Facts::look_below_loop(const Node& node, const std::string& folder, unsigned depth) {
    std::uint64_t offset = parse_unsigned(text_of(folder + "/loop/offset")).value_or(0);
    std::uint64_t limit = parse_unsigned(text_of(folder + "/loop/sizelimit")).value_or(0);
    const Fd device(::open((dev_ + "/" + fs::path(folder).filename().string()).c_str(), O_RDONLY | O_CLOEXEC));
    loop_info64 status{};
    Node lower;
    if (device && ::ioctl(device.get(), LOOP_GET_STATUS64, &status) == 0) {
        offset = status.lo_offset;
        limit = status.lo_sizelimit;
        lower = status.lo_rdevice != 0
                    ? device_node(major(status.lo_rdevice), minor(status.lo_rdevice))
                    : file_node(makedev(major(status.lo_device), minor(status.lo_device)), status.lo_inode);
    } else {
        const std::string backing = text_of(folder + "/loop/backing_file");
        lower = TRY(context(identify(backing), "the file of " + fs::path(folder).filename().string()));
    }
    layers_.add(node, lower, bytes(offset, limit));
    return look_below(lower, depth - 1);
}

Result<std::vector<Use>> Facts::dom0_uses() {
    std::vector<Use> uses;
    const std::string text = TRY(read_file(proc_ + "/self/mountinfo", mountinfo_size_max));
    for (const Mount& mount : TRY(parse_mountinfo(text))) {
        const std::string what = std::string("mounted ") + (mount.writes ? "read-write" : "read-only") + " at " +
                                 printable(mount.point, 256) + " in dom0";
        if (mount.major != 0) {
            uses.push_back({TRY(find_device(mount.major, mount.minor)), mount.writes, what});
            continue;
        }
        // btrfs and its like have a number of their own and name one of their devices.
        struct stat info {};
        if (mount.source.starts_with('/') && ::stat(mount.source.c_str(), &info) == 0 && S_ISBLK(info.st_mode))
            uses.push_back({TRY(find(mount.source)), mount.writes, what});
    }
    const auto swaps = read_file(proc_ + "/swaps", mountinfo_size_max); // a kernel may have none
    for (const std::string& name : swaps ? TRY(parse_swaps(*swaps)) : std::vector<std::string>()) {
        if (auto area = find(name)) uses.push_back({std::move(*area), true, "a swap area of dom0"});
    }
    return uses;
}

} // namespace bulkhead::storage
