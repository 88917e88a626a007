#include "storage/disk_tool.hpp"

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "storage/size.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::storage {
namespace {

namespace fs = std::filesystem;
using std::chrono::minutes;

constexpr minutes quick{5}; // metadata only; a busy disk may take its time
constexpr const char* qemu_img = "qemu-img";

// qemu-img's own word.
const char* driver(DiskFormat format) {
    if (format == DiskFormat::lvm) return "raw"; // what a volume holds
    return format == DiskFormat::vhd ? "vpc" : format_name(format);
}

std::string package_of(const std::string& program) {
    return program == qemu_img ? "qemu-utils" : "lvm2";
}

Error explain(Error error, const std::string& program) {
    if (error.code == ENOENT) {
        error.message = program + " is not here; install the package " + package_of(program) + " (apt install " +
                        package_of(program) + ")";
    }
    return error;
}

Result<std::string> run_tool(const Command& command) {
    Result<std::string> out = run_checked(command, quick);
    if (!out) return tl::unexpected(explain(out.error(), command[0]));
    return out;
}

// As long as it takes; its progress goes to this process's stderr.
Status run_long(const Command& command) {
    SpawnOptions options;
    options.stdout_fd = STDERR_FILENO;
    options.die_with_parent = true;
    Result<Child> child = spawn(command, options);
    if (!child) return tl::unexpected(explain(child.error(), command[0]));
    const int status = TRY(child->wait());
    if (status != 0) return fail(join(command, " ") + ": exit status " + std::to_string(status));
    return {};
}

bool plain_name(std::string_view name) {
    // lvm(8), "Valid names".
    constexpr std::string_view others = "+_.-";
    return !name.empty() && name.size() <= 127 && name[0] != '-' && name != "." && name != ".." &&
           std::all_of(name.begin(), name.end(), [&](unsigned char c) {
               return (c < 0x80 && std::isalnum(c) != 0) || others.find(static_cast<char>(c)) != std::string_view::npos;
           });
}

// A file that is there only when it is complete: made under another name in the same folder by `make`.
Status put_file(const std::string& file, bool overwrite, const std::function<Status(const std::string&)>& make) {
    if (!overwrite && exists(file)) return fail(file + " exists already; --force replaces it", EEXIST);
    const std::string part = file + ".part." + std::to_string(::getpid());
    Status made = make(part);
    if (made && overwrite && ::rename(part.c_str(), file.c_str()) != 0) made = fail_errno(file);
    if (made && !overwrite && ::renameat2(AT_FDCWD, part.c_str(), AT_FDCWD, file.c_str(), RENAME_NOREPLACE) != 0)
        made = errno == EEXIST ? Status(fail(file + " exists already; --force replaces it", EEXIST)) : fail_errno(file);
    if (!made) (void)::unlink(part.c_str());
    return made;
}

Status make_raw(const std::string& file, std::uint64_t size) {
    const Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return fail_errno(file);
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return fail_errno(file);
    return {};
}

Status remove_old_volume(const DiskPlace& place, bool overwrite) {
    if (!exists(place.file)) return {};
    if (!overwrite) return fail(place.file + " exists already; --force replaces it", EEXIST);
    TRY(run_tool({"lvremove", "--yes", "--quiet", place.group + "/" + place.volume}));
    return {};
}

DiskPlace at(const DiskPlace& place, const std::string& file) {
    DiskPlace other = place;
    other.file = file;
    return other;
}

} // namespace

std::optional<DiskFormat> parse_format(std::string_view name) {
    for (const DiskFormat format : {DiskFormat::raw, DiskFormat::qcow2, DiskFormat::vhd, DiskFormat::lvm}) {
        if (name == format_name(format)) return format;
    }
    return std::nullopt;
}

const char* format_name(DiskFormat format) {
    switch (format) {
    case DiskFormat::qcow2:
        return "qcow2";
    case DiskFormat::vhd:
        return "vhd";
    case DiskFormat::lvm:
        return "lvm";
    case DiskFormat::raw:
        break;
    }
    return "raw";
}

DiskFormat format_of_name(std::string_view file) {
    if (file.ends_with(".qcow2")) return DiskFormat::qcow2;
    if (file.ends_with(".vhd")) return DiskFormat::vhd;
    return DiskFormat::raw;
}

Result<DiskPlace> parse_place(std::string_view text, const std::string& directory, bool lvm) {
    if (text.empty() || text.size() > 4000 || text.find('\0') != std::string_view::npos)
        return fail("a disk needs a name: a file, or GROUP/VOLUME for LVM", EINVAL);
    std::string_view volume = text;
    const bool in_dev = text.starts_with("/dev/");
    if (in_dev) volume.remove_prefix(5);
    const std::vector<std::string_view> parts = split(volume, '/');
    // Groups have their folder in /dev; others there (/dev/disk, /dev/mapper, /dev/shm) are no groups.
    const bool other = in_dev && (parts[0] == "disk" || parts[0] == "mapper" || parts[0] == "shm");
    if ((lvm || (in_dev && !other)) && parts.size() == 2) {
        if (!plain_name(parts[0]) || !plain_name(parts[1]))
            return fail("'" + printable(text, 80) + "' is not GROUP/VOLUME as LVM has them", EINVAL);
        return DiskPlace{"/dev/" + std::string(parts[0]) + "/" + std::string(parts[1]), std::string(parts[0]),
                         std::string(parts[1])};
    }
    if (lvm) return fail("'" + printable(text, 80) + "' is not GROUP/VOLUME", EINVAL);
    return DiskPlace{text[0] == '/' ? std::string(text) : directory + "/" + std::string(text), "", ""};
}

Command create_command(const DiskPlace& place, DiskFormat format, std::uint64_t size) {
    const std::string bytes = std::to_string(size);
    if (place.is_volume())
        return {"lvcreate", "--yes", "--quiet", "--size", bytes + "b", "--name", place.volume, place.group};
    return {qemu_img, "create", "-q", "-f", driver(format), "--", place.file, bytes};
}

Command snapshot_command(const DiskPlace& origin, DiskFormat origin_format, const DiskPlace& snapshot,
                         std::uint64_t size) {
    if (origin.is_volume())
        return {"lvcreate",   "--yes",         "--quiet",
                "--snapshot", "--size",        std::to_string(size) + "b",
                "--name",     snapshot.volume, origin.group + "/" + origin.volume};
    return {qemu_img, "create",    "-q", "-f",         "qcow2", "-F", driver(origin_format),
            "-b",     origin.file, "--", snapshot.file};
}

Command copy_command(const DiskPlace& origin, DiskFormat origin_format, const DiskPlace& copy, DiskFormat format,
                     bool progress) {
    Command command = {qemu_img, "convert"};
    if (progress) command.emplace_back("-p");
    command.insert(command.end(), {"-f", driver(origin_format), "-O", driver(format), "--", origin.file, copy.file});
    return command;
}

Command resize_command(const DiskPlace& place, DiskFormat format, std::uint64_t size, bool shrink) {
    const std::string bytes = std::to_string(size);
    if (place.is_volume()) {
        Command command = {shrink ? "lvreduce" : "lvextend", "--yes", "--quiet", "--size", bytes + "b",
                           place.group + "/" + place.volume};
        if (shrink) command.insert(command.begin() + 1, "--force");
        return command;
    }
    Command command = {qemu_img, "resize", "-q", "-f", driver(format)};
    if (shrink) command.emplace_back("--shrink");
    command.insert(command.end(), {"--", place.file, bytes});
    return command;
}

Status create_disk(const DiskPlace& place, DiskFormat format, std::uint64_t size, bool overwrite) {
    if (place.is_volume()) {
        TRY(remove_old_volume(place, overwrite));
        TRY(run_tool(create_command(place, format, size)));
        return {};
    }
    return put_file(place.file, overwrite, [&](const std::string& part) -> Status {
        if (format == DiskFormat::raw) return make_raw(part, size);
        TRY(run_tool(create_command(at(place, part), format, size)));
        return {};
    });
}

Status snapshot_disk(const DiskPlace& origin, DiskFormat origin_format, const DiskPlace& snapshot, std::uint64_t size,
                     bool overwrite) {
    const DiskInfo info = TRY(disk_info(origin, origin_format));
    if (origin.is_volume()) {
        if (!snapshot.is_volume() || snapshot.group != origin.group)
            return fail("a snapshot of a volume is a volume of the same group: " + origin.group + "/NAME", EINVAL);
        TRY(remove_old_volume(snapshot, overwrite));
        TRY(run_tool(snapshot_command(origin, origin_format, snapshot, size == 0 ? info.size : size)));
        return {};
    }
    if (snapshot.is_volume()) return fail("a snapshot of a file is a qcow2 file, not a volume", EINVAL);
    return put_file(snapshot.file, overwrite, [&](const std::string& part) -> Status {
        TRY(run_tool(snapshot_command(origin, origin_format, at(snapshot, part), 0)));
        return {};
    });
}

Status copy_disk(const DiskPlace& origin, DiskFormat origin_format, const DiskPlace& copy, DiskFormat format,
                 bool overwrite, bool progress) {
    const DiskInfo info = TRY(disk_info(origin, origin_format));
    if (copy.is_volume()) {
        TRY(remove_old_volume(copy, overwrite));
        TRY(run_tool(create_command(copy, DiskFormat::lvm, info.size)));
        Command command = copy_command(origin, origin_format, copy, DiskFormat::raw, progress);
        command.insert(command.begin() + 2, "-n"); // the volume is there
        return run_long(command);
    }
    return put_file(copy.file, overwrite, [&](const std::string& part) -> Status {
        return run_long(copy_command(origin, origin_format, at(copy, part), format, progress));
    });
}

Status resize_disk(const DiskPlace& place, DiskFormat format, std::uint64_t size, bool shrink) {
    const DiskInfo info = TRY(disk_info(place, format));
    if (size == info.size) return {};
    const bool smaller = size < info.size;
    if (smaller && !shrink) {
        return fail(place.file + " has " + size_text(info.size) +
                        ": making it smaller loses what is behind its new end; " +
                        "shrink its file systems first, then use --force",
                    EINVAL);
    }
    if (format == DiskFormat::vhd) // qemu's driver "vpc" cannot
        return fail("a disk of the format " + info.format +
                        " cannot be resized; make a qcow2 one of it with: bulkhead disk snapshot --copy",
                    ENOTSUP);
    if (format == DiskFormat::raw) {
        struct stat file {};
        if (::stat(place.file.c_str(), &file) != 0) return fail_errno(place.file);
        if (!S_ISREG(file.st_mode)) return fail(place.file + " is a device: only files and LVM volumes can be resized");
        if (::truncate(place.file.c_str(), static_cast<off_t>(size)) != 0) return fail_errno(place.file);
        return {};
    }
    TRY(run_tool(resize_command(place, format, size, smaller)));
    return {};
}

Result<DiskInfo> disk_info(const DiskPlace& place, DiskFormat format) {
    if (place.is_volume()) {
        return parse_lvs(TRY(run_tool({"lvs", "--reportformat", "json", "--units", "b", "--nosuffix", "-o",
                                       "lv_size,origin,data_percent", place.group + "/" + place.volume})));
    }
    const Fd file(::open(place.file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail_errno(place.file);
    if (format == DiskFormat::raw) {
        struct stat status {};
        const off_t end = ::lseek(file.get(), 0, SEEK_END); // of a block device, too
        if (::fstat(file.get(), &status) != 0 || end < 0) return fail_errno(place.file);
        if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) return fail(place.file + " is no disk", EINVAL);
        const auto size = static_cast<std::uint64_t>(end);
        return DiskInfo{"raw", size,
                        S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_blocks) * 512 : size, ""};
    }
    // -U: a domain's QEMU may hold its lock.
    return parse_qemu_info(
        TRY(run_tool({qemu_img, "info", "-U", "-f", driver(format), "--output=json", "--", place.file})));
}

} // namespace bulkhead::storage
