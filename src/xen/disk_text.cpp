#include "xen/disk_text.hpp"

#include "xen/libxl.hpp"
#include "xen/report.hpp"
#include "xen/spec_convert.hpp"

#include <cstddef>

namespace bulkhead::xen {
namespace {

std::optional<std::string> optional_text(const char* text) {
    if (text == nullptr) return std::nullopt;
    return std::string(text);
}

std::optional<bool> optional_flag(libxl_defbool flag) {
    if (libxl_defbool_is_default(flag)) return std::nullopt;
    return libxl_defbool_val(flag);
}

DiskBackend backend_of(libxl_disk_backend backend) {
    switch (backend) {
    case LIBXL_DISK_BACKEND_PHY:
        return DiskBackend::phy;
    case LIBXL_DISK_BACKEND_TAP:
        return DiskBackend::tap;
    case LIBXL_DISK_BACKEND_QDISK:
        return DiskBackend::qdisk;
    case LIBXL_DISK_BACKEND_STANDALONE:
        return DiskBackend::standalone;
    case LIBXL_DISK_BACKEND_UNKNOWN:
        break;
    }
    return DiskBackend::automatic;
}

DiskFormat format_of(libxl_disk_format format) {
    switch (format) {
    case LIBXL_DISK_FORMAT_QCOW:
        return DiskFormat::qcow;
    case LIBXL_DISK_FORMAT_QCOW2:
        return DiskFormat::qcow2;
    case LIBXL_DISK_FORMAT_VHD:
        return DiskFormat::vhd;
    case LIBXL_DISK_FORMAT_EMPTY:
        return DiskFormat::empty;
    case LIBXL_DISK_FORMAT_QED:
        return DiskFormat::qed;
    case LIBXL_DISK_FORMAT_RAW:
    case LIBXL_DISK_FORMAT_UNKNOWN:
        break;
    }
    return DiskFormat::raw;
}

DiskProtocol protocol_of(libxl_disk_specification specification) {
    switch (specification) {
    case LIBXL_DISK_SPECIFICATION_XEN:
        return DiskProtocol::xen;
    case LIBXL_DISK_SPECIFICATION_VIRTIO:
        return DiskProtocol::virtio;
    case LIBXL_DISK_SPECIFICATION_UNKNOWN:
        break;
    }
    return DiskProtocol::automatic;
}

std::string without_dev(const std::string& vdev) {
    constexpr std::string_view prefix = "/dev/";
    return vdev.starts_with(prefix) ? vdev.substr(prefix.size()) : vdev;
}

} // namespace

DiskSpec plain(const libxl_device_disk& disk) {
    DiskSpec spec;
    spec.vdev = without_dev(text_of(disk.vdev));
    spec.target = optional_text(disk.pdev_path);
    spec.script = optional_text(disk.script);
    spec.backend = optional_text(disk.backend_domname);
    spec.backendtype = backend_of(disk.backend);
    spec.format = format_of(disk.format);
    spec.specification = protocol_of(disk.specification);
    spec.readwrite = disk.readwrite != 0;
    spec.removable = disk.removable != 0;
    spec.cdrom = disk.is_cdrom != 0;
    spec.direct_io_safe = disk.direct_io_safe;
    spec.discard = optional_flag(disk.discard_enable);
    spec.trusted = optional_flag(disk.trusted);
    spec.colo.enable = optional_flag(disk.colo_enable);
    spec.colo.host = optional_text(disk.colo_host);
    spec.colo.port = disk.colo_port;
    spec.colo.export_name = optional_text(disk.colo_export);
    spec.colo.active_disk = optional_text(disk.active_disk);
    spec.colo.hidden_disk = optional_text(disk.hidden_disk);
    return spec;
}

namespace {

// Takes the '!' off a positional mode, the last word of xm's form, or off access=, as print_disk() writes it; target=
// takes the rest of its text as it is.
bool take_force(std::string& text) {
    for (const std::string_view word : {",access=rw!,", ",access=ro!,"}) {
        const std::size_t at = text.find(word);
        if (at == std::string::npos || at > text.find("target=")) continue;
        text.erase(at + word.size() - 2, 1);
        return true;
    }
    const auto ends_with = [&](std::string_view end) {
        return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
    };
    const bool whole = text == "w!" || text == "r!"; // as xm block-attach has it
    if ((!whole && !ends_with(",w!") && !ends_with(",r!")) || text.find("target=") != std::string::npos) return false;
    text.pop_back();
    return true;
}

} // namespace

Result<DiskSpec> parse_disk(const std::vector<std::string>& parts) {
    std::vector<std::string> texts = parts;
    std::vector<const char*> specs;
    std::size_t size = 0;
    bool shared = false;
    for (std::string& part : texts) {
        if (part.find('\0') != std::string::npos) return fail("has a NUL byte");
        shared = take_force(part) || shared;
        specs.push_back(part.c_str());
        size += part.size() + 1;
    }
    if (size > disk_text_max) return fail("is longer than " + std::to_string(disk_text_max) + " bytes");
    Report report("disk");
    Disk disk;
    if (xlu_disk_parse(report.config(), static_cast<int>(specs.size()), specs.data(), disk.get()) != 0) {
        return report.error("is not a disk such as /path/image,raw,xvda,rw");
    }
    DiskSpec spec = plain(*disk.get());
    spec.shared = shared;
    return spec;
}

Result<DiskSpec> parse_disk(std::string_view text) {
    return parse_disk(std::vector<std::string>{std::string(text)});
}

std::string print_disk(const DiskSpec& disk) {
    constexpr const char* backends[] = {"", "phy", "tap", "qdisk", "standalone"};
    constexpr const char* formats[] = {"raw", "qcow", "qcow2", "vhd", "empty", "qed"};
    constexpr const char* protocols[] = {"", "xen", "virtio"};
    std::string text = "vdev=" + disk.vdev + ",format=" + formats[static_cast<int>(disk.format)] +
                       ",access=" + (disk.readwrite ? "rw" : "ro") + (disk.shared && disk.target ? "!" : "");
    const auto add = [&text](const char* key, const std::string& value) {
        if (!value.empty()) text.append(",").append(key).append("=").append(value);
    };
    const auto flag = [&text](bool set, const char* word) {
        if (set) text.append(",").append(word);
    };
    add("backend", disk.backend.value_or(""));
    add("backendtype", backends[static_cast<int>(disk.backendtype)]);
    add("specification", protocols[static_cast<int>(disk.specification)]);
    add("script", disk.script.value_or(""));
    flag(disk.cdrom, "cdrom");
    flag(disk.removable && !disk.cdrom, "removable");
    flag(disk.direct_io_safe, "direct-io-safe");
    if (disk.discard) flag(true, *disk.discard ? "discard" : "no-discard");
    if (disk.trusted) flag(true, *disk.trusted ? "trusted" : "untrusted");
    if (disk.target) text += ",target=" + *disk.target; // last: it may hold commas
    return text;
}

} // namespace bulkhead::xen
