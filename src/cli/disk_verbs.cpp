#include "cli/verb.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/client.hpp"
#include "storage/disk_tool.hpp"
#include "storage/facts.hpp"
#include "storage/size.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

Result<storage::DiskPlace> place_of(const std::string& text, bool lvm = false) {
    std::error_code error;
    const std::filesystem::path here = std::filesystem::current_path(error);
    if (error) return fail_errno("the working directory", error.value());
    return storage::parse_place(text, here.string(), lvm);
}

// Writing to a disk that dom0 or a domain uses destroys it. Domains are bulkheadd's business: where Xen runs it must
// answer.
Status check_unused(const std::string& file) {
    if (!exists(file)) return {};
    storage::Facts facts;
    const storage::Wanted wanted{file, TRY(facts.find(file)), true, false};
    const auto uses = TRY(facts.dom0_uses());
    if (const auto why_not = storage::refusal(facts.layers(), wanted, uses)) return fail(*why_not, EBUSY);
    const auto capabilities = read_file("/proc/xen/capabilities", 256);
    if (!capabilities || capabilities->find("control_d") == std::string::npos) return {};
    TRY(ask("block-check", {{"target", file}}));
    return {};
}

// Of the disk named `disk`: what the option says, or what its name says.
Result<storage::DiskFormat> format_of(const Arguments& arguments, const char* option, const storage::DiskPlace& disk) {
    if (disk.is_volume()) return storage::DiskFormat::lvm;
    const auto name = arguments.value(option);
    if (!name) return storage::format_of_name(disk.file);
    const auto format = storage::parse_format(*name);
    if (!format) return usage_error("unknown format '" + printable(*name, 40) + "': raw, qcow2, vhd or lvm");
    return *format;
}

ordered_json describe(const storage::DiskPlace& place, const storage::DiskInfo& info) {
    ordered_json object = {
        {"disk", place.file}, {"format", info.format}, {"size", info.size}, {"allocated", info.allocated}};
    if (!info.backing.empty()) object["backing"] = info.backing;
    return object;
}

// What became of a disk, for programs. People hear only of errors.
Result<int> done(const Arguments& arguments, const storage::DiskPlace& place, const char* format, std::uint64_t size) {
    if (arguments.has("json")) print_json(ordered_json{{"disk", place.file}, {"format", format}, {"size", size}});
    return 0;
}

Result<int> create_image(const Arguments& arguments) {
    const auto& words = arguments.positional();
    const storage::DiskPlace place = TRY(place_of(words[0], arguments.value("format") == "lvm"));
    const storage::DiskFormat format = TRY(format_of(arguments, "format", place));
    const std::uint64_t size = TRY(storage::parse_size(words[1]));
    const bool force = arguments.has("force");
    if (force) TRY(check_unused(place.file));
    TRY(storage::create_disk(place, format, size, force));
    return done(arguments, place, storage::format_name(format), size);
}

Result<int> snapshot_image(const Arguments& arguments) {
    const auto& words = arguments.positional();
    const storage::DiskPlace origin = TRY(place_of(words[0]));
    // A snapshot of a volume is in the volume's own group, which need not be named.
    const bool short_name = origin.is_volume() && words[1].find('/') == std::string::npos;
    const storage::DiskPlace target =
        TRY(place_of(short_name ? origin.group + "/" + words[1] : words[1], origin.is_volume() && words[1][0] != '/'));
    const storage::DiskFormat from = TRY(format_of(arguments, "from", origin));
    const storage::DiskFormat format = arguments.has("copy") || target.is_volume()
                                           ? TRY(format_of(arguments, "format", target))
                                           : storage::DiskFormat::qcow2;
    const bool force = arguments.has("force");
    if (force) TRY(check_unused(target.file));
    // LVM freezes a volume at one moment. A file would go on changing below its snapshot, or while it is copied.
    if (!origin.is_volume()) TRY(check_unused(origin.file));
    if (arguments.has("copy")) {
        TRY(storage::copy_disk(origin, from, target, format, force, ::isatty(STDERR_FILENO) == 1));
    } else {
        std::uint64_t room = 0;
        if (const auto text = arguments.value("size")) room = TRY(storage::parse_size(*text));
        TRY(storage::snapshot_disk(origin, from, target, room, force));
    }
    if (arguments.has("json")) print_json(describe(target, TRY(storage::disk_info(target, format))));
    return 0;
}

Result<int> resize_image(const Arguments& arguments) {
    const auto& words = arguments.positional();
    const storage::DiskPlace place = TRY(place_of(words[0]));
    const storage::DiskFormat format = TRY(format_of(arguments, "format", place));
    std::uint64_t size = 0;
    if (words[1].starts_with('+'))
        size = TRY(storage::disk_info(place, format)).size +
               TRY(storage::parse_size(std::string_view(words[1]).substr(1)));
    else
        size = TRY(storage::parse_size(words[1]));
    TRY(check_unused(place.file));
    TRY(storage::resize_disk(place, format, size, arguments.has("force")));
    if (arguments.has("json")) print_json(describe(place, TRY(storage::disk_info(place, format))));
    return 0;
}

Result<int> show_image(const Arguments& arguments) {
    const storage::DiskPlace place = TRY(place_of(arguments.positional()[0]));
    const storage::DiskFormat format = TRY(format_of(arguments, "format", place));
    const storage::DiskInfo info = TRY(storage::disk_info(place, format));
    const Status unused = check_unused(place.file);
    const std::string used = unused ? "" : unused.error().message;
    if (arguments.has("json")) {
        ordered_json object = describe(place, info);
        if (!unused) object["in_use"] = used;
        print_json(object);
        return 0;
    }
    std::printf("disk       %s\nformat     %s\nsize       %s (%llu bytes)\nallocated  %s\n", place.file.c_str(),
                info.format.c_str(), storage::size_text(info.size).c_str(), static_cast<unsigned long long>(info.size),
                storage::size_text(info.allocated).c_str());
    if (!info.backing.empty()) std::printf("backing    %s\n", info.backing.c_str());
    if (!unused) std::printf("in use     %s\n", used.c_str());
    return 0;
}

} // namespace

const std::vector<Verb>& disk_verbs() {
    static const Option format = {'f', "format", "FORMAT",
                                  "raw, qcow2, vhd or lvm (default: what the name ends in, or raw)"};
    static const Option replace = {0, "force", nullptr, "replace what is there, if nobody uses it"};
    static const std::vector<Verb> verbs = {
        {"disk create",
         "FILE|GROUP/VOLUME SIZE",
         "Make an empty disk",
         "SIZE as 10G, 512M or bytes. A raw file is sparse. `/dev/GROUP/VOLUME`, or GROUP/VOLUME with --format lvm, is "
         "a new volume of LVM. qcow2 and vhd need the package qemu-utils, volumes need lvm2.",
         {format, replace, json_option},
         2,
         2,
         create_image},
        {"disk snapshot",
         "DISK NEW",
         "Make a disk that begins as another one is now",
         "Of a file: a qcow2 file that stores what differs; the first disk must not be written any more while NEW is "
         "in use. Of a volume: a snapshot volume, also while a domain uses the first.",
         {{'s', "size", "SIZE", "room for differences, of a volume (default: all that can differ)"},
          {'c', "copy", nullptr, "a full copy that does not need the first disk"},
          format,
          {0, "from", "FORMAT", "what DISK is: raw, qcow2 or vhd (default: what its name ends in, or raw)"},
          replace,
          json_option},
         2,
         2,
         snapshot_image},
        {"disk resize",
         "DISK [+]SIZE",
         "Make a disk larger or smaller",
         "The file systems in it are not touched. Not for a disk in use.",
         {{0, "force", nullptr, "smaller, too: what is behind the new end is lost"}, format, json_option},
         2,
         2,
         resize_image},
        {"disk info",
         "DISK",
         "Tell a disk's format and size, and who uses it",
         "",
         {format, json_option},
         1,
         1,
         show_image},
    };
    return verbs;
}

} // namespace bulkhead::cli
