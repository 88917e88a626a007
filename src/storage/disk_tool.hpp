// Making and changing disks: raw files by the kernel, qcow2 and VHD by qemu-img, volumes by lvm's tools. No shell.
// Whether somebody uses a disk is the caller's to ask (sharing.hpp).
#pragma once

#include "base/result.hpp"
#include "storage/disk_info.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::storage {

enum class DiskFormat { raw, qcow2, vhd, lvm };
std::optional<DiskFormat> parse_format(std::string_view name);
const char* format_name(DiskFormat format);

// A file, or the volume NAME of the group GROUP.
struct DiskPlace {
    std::string file;          // absolute; of a volume /dev/GROUP/NAME
    std::string group, volume; // empty: a file
    [[nodiscard]] bool is_volume() const { return !volume.empty(); }
};

// /dev/GROUP/NAME and GROUP/NAME (with `lvm`) are volumes; what is left is a file, relative to `directory`.
Result<DiskPlace> parse_place(std::string_view text, const std::string& directory, bool lvm);

// What the file's name says: .qcow2, .vhd, else raw.
// A guest writes what it likes into its disk, also the head of another format that names other files of the host: so a
// format is never guessed from the content.
DiskFormat format_of_name(std::string_view file);

// The arguments of the programs, for all that is not done by ourselves. Pure.
using Command = std::vector<std::string>;
Command create_command(const DiskPlace& place, DiskFormat format, std::uint64_t size);
Command snapshot_command(const DiskPlace& origin, DiskFormat origin_format, const DiskPlace& snapshot,
                         std::uint64_t size);
Command copy_command(const DiskPlace& origin, DiskFormat origin_format, const DiskPlace& copy, DiskFormat format,
                     bool progress);
Command resize_command(const DiskPlace& place, DiskFormat format, std::uint64_t size, bool shrink);

// `overwrite`: an existing file is replaced, in one step when the new one is complete, or an existing volume removed.
Status create_disk(const DiskPlace& place, DiskFormat format, std::uint64_t size, bool overwrite);
// A disk that begins with the origin's content and stores only what differs: a qcow2 file on the origin, or a snapshot
// volume with room for `size` bytes of differences. The origin of a file must not be written any more.
Status snapshot_disk(const DiskPlace& origin, DiskFormat origin_format, const DiskPlace& snapshot, std::uint64_t size,
                     bool overwrite);
// All of it, in a format of its own. `progress`: qemu-img shows its progress on stderr.
Status copy_disk(const DiskPlace& origin, DiskFormat origin_format, const DiskPlace& copy, DiskFormat format,
                 bool overwrite, bool progress);
// Smaller only with `shrink`: what is behind the new end is lost.
Status resize_disk(const DiskPlace& place, DiskFormat format, std::uint64_t size, bool shrink);
Result<DiskInfo> disk_info(const DiskPlace& place, DiskFormat format);

} // namespace bulkhead::storage
