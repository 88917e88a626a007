#include "lab/dom0_parts.hpp"

#include "image/library_closure.hpp"
#include "lab/dom0_libraries.hpp"

namespace bulkhead::lab {
namespace {

struct Source {
    const char* package;
    const char* path; // in the package; merged() says where it is in dom0
};

struct Part {
    std::string name;
    std::vector<std::string> packages;
    std::vector<Source> programs; // whose libraries come along
    std::vector<Source> files;
    std::vector<std::pair<std::string, std::string>> links; // path, target
    std::vector<std::pair<std::string, std::string>> texts; // path, content
};

// liblvm's commands are one program under many names (lvm(8)).
std::vector<std::pair<std::string, std::string>> lvm_links() {
    std::vector<std::pair<std::string, std::string>> links;
    for (const char* name : {"pvcreate", "pvs", "pvremove", "vgcreate", "vgchange", "vgs", "vgremove", "lvcreate",
                             "lvchange", "lvextend", "lvreduce", "lvremove", "lvs"}) {
        links.emplace_back(std::string("/usr/sbin/") + name, "lvm");
    }
    return links;
}

const std::vector<Part>& parts() {
    static const std::vector<Part> all = {
        {"qemu",
         {"qemu-system-xen", "qemu-system-data", "qemu-utils",      "seabios",
          "ipxe-qemu",       "libaio1",          "libbz2-1.0",      "libcap2",
          "libdw1",          "libelf1",          "libfdt1",         "libffi8",
          "libglib2.0-0",    "libgmp10",         "libgnutls30",     "libgstreamer-plugins-base1.0-0",
          "libhogweed6",     "libidn2-0",        "libjpeg62-turbo", "libgstreamer1.0-0",
          "liblz4-1",        "libnettle8",       "libnuma1",        "libopus0",
          "liborc-0.4-0",    "libp11-kit0",      "libpcre2-8-0",    "libpixman-1-0",
          "libsasl2-2",      "libspice-server1", "libssl3",         "libtasn1-6",
          "libudev1",        "libunistring2",    "libunwind8",      "liburing2",
          "libusb-1.0-0"},
         {{"qemu-system-xen", "/usr/libexec/xen-qemu-system-i386"}, {"qemu-utils", "/usr/bin/qemu-img"}},
         {{"xen-utils-4.17", "/usr/lib/xen-4.17/boot/hvmloader"},
          {"seabios", "/usr/share/seabios/bios-256k.bin"},
          {"seabios", "/usr/share/seabios/vgabios-stdvga.bin"},
          {"seabios", "/usr/share/seabios/vgabios-cirrus.bin"},
          {"ipxe-qemu", "/usr/lib/ipxe/qemu/efi-rtl8139.rom"},
          {"ipxe-qemu", "/usr/lib/ipxe/qemu/efi-e1000.rom"},
          {"qemu-system-data", "/usr/share/qemu/keymaps/en-us"}},
         {},
         {}},
        {"lvm",
         {"lvm2", "dmsetup", "libaio1", "libblkid1", "libbsd0", "libcap2", "libdevmapper-event1.02.1",
          "libdevmapper1.02.1", "libedit2", "libgcrypt20", "libgpg-error0", "liblz4-1", "libmd0", "libpcre2-8-0",
          "libselinux1", "libsystemd0", "libudev1"},
         {{"lvm2", "/sbin/lvm"}, {"dmsetup", "/sbin/dmsetup"}},
         {},
         lvm_links(),
         // Neither udev, which would tell it of devices, nor dmeventd, which would watch snapshots, runs here.
         {{"/etc/lvm/lvm.conf",
           "devices { obtain_device_list_from_udev = 0 }\nactivation { monitoring = 0 udev_sync = 0 "
           "udev_rules = 0 }\nbackup { backup = 0 archive = 0 }\n"}}},
    };
    return all;
}

const Part& find_part(const std::string& name) {
    for (const Part& part : parts()) {
        if (part.name == name) return part;
    }
    return parts().front(); // check_options() lets no other name through
}

} // namespace

const std::vector<std::string>& dom0_part_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all;
        for (const Part& part : parts()) all.push_back(part.name);
        return all;
    }();
    return names;
}

const std::vector<std::string>& part_packages(const std::string& part) {
    return find_part(part).packages;
}

Result<image::Initramfs> part_image(const image::PackageCache& cache, const std::string& name,
                                    const std::vector<std::string>& base_packages, std::string_view base) {
    const Part& part = find_part(name);
    image::Initramfs image;
    std::vector<std::string> programs;
    const auto add = [&](const Source& source, unsigned mode) -> Result<std::string> {
        std::string file = image::resolve_in_root(cache.root(source.package), source.path);
        if (file.empty()) return fail("package " + std::string(source.package) + " does not contain " + source.path);
        TRY(image.add_file_from(merged(source.path), file, mode));
        return file;
    };
    for (const Source& source : part.programs) programs.push_back(TRY(add(source, 0755)));
    for (const Source& source : part.files) TRY(add(source, 0644));
    for (const auto& [path, target] : part.links) TRY(image.add_symlink(path, target));
    for (const auto& [path, content] : part.texts) TRY(image.add_file(path, content));
    std::vector<std::string> roots;
    for (const auto* packages : {&base_packages, &part.packages}) {
        for (const std::string& package : *packages) roots.push_back(cache.root(package));
    }
    TRY(add_libraries(image, TRY(image::library_closure(programs, roots)), base));
    return image;
}

} // namespace bulkhead::lab
