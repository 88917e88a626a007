#include "cli/verb.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "image/client.hpp"
#include "image/measurements.hpp"
#include "image/ndvm.hpp"

#include <cstdio>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

// Progress goes to people only: a script gets the table or the JSON alone.
void show_progress(std::string_view text) {
    if (::isatty(STDERR_FILENO) == 1) std::fprintf(stderr, "%.*s...\n", static_cast<int>(text.size()), text.data());
}

Status read_common(const Arguments& arguments, image::ImageOptions& options) {
    options.output = arguments.value("output").value_or("");
    if (options.output.empty()) return usage_error("image: --output DIR is missing: the folder to make");
    if (const auto package = arguments.value("kernel-package")) options.kernel_package = *package;
    if (const auto compression = arguments.value("compression")) {
        const auto known = image::parse_compression(*compression);
        if (!known)
            return usage_error("image: unknown compression '" + printable(*compression, 40) +
                               "': use zstd, xz, gzip or none");
        options.compression = *known;
    }
    options.refresh = arguments.has("refresh");
    options.progress = show_progress;
    return {};
}

Status check_manifest(const Arguments& arguments) {
    if (arguments.has("cmdline") && !arguments.has("manifest"))
        return usage_error("image: --cmdline goes into the file of --manifest, which is missing");
    return {};
}

void print_table(const image::BuiltImage& built) {
    const auto row = [](const char* name, std::uint64_t size, const std::string& hash) {
        std::printf("%-10s %9.1f KiB  sha256 %s\n", name, static_cast<double>(size) / 1024, hash.c_str());
    };
    std::printf("%s: Linux %s\n", built.directory.c_str(), built.kernel_version.c_str());
    row("kernel", built.kernel_size, built.kernel_sha256);
    row("initramfs", built.initramfs_size, built.initramfs_sha256);
    std::string names = built.modules.size() > 20 ? std::to_string(built.modules.size()) : join(built.modules, " ");
    std::printf("%-10s %s\n", "modules", names.c_str());
}

Result<int> show(const Arguments& arguments, const image::BuiltImage& built) {
    const auto manifest = arguments.value("manifest");
    if (manifest)
        TRY(write_file_atomic(*manifest, TRY(image::image_measurements(built.directory, arguments.value("cmdline")))));
    if (arguments.has("json")) {
        std::fputs(built.manifest.c_str(), stdout);
    } else {
        print_table(built);
    }
    return 0;
}

Result<int> build_ndvm(const Arguments& arguments) {
    image::NdvmOptions options;
    TRY(check_manifest(arguments));
    TRY(read_common(arguments, options));
    if (arguments.has("nic")) {
        options.nics.clear();
        for (const std::string& value : arguments.values("nic")) {
            for (const std::string_view nic : split(value, ',')) options.nics.emplace_back(nic);
        }
    }
    options.agent = arguments.value("agent").value_or("");
    options.debug_shell = arguments.has("debug-shell");
    return show(arguments, TRY(image::build_ndvm(options)));
}

Result<int> build_client(const Arguments& arguments) {
    image::ImageOptions options;
    TRY(check_manifest(arguments));
    TRY(read_common(arguments, options));
    return show(arguments, TRY(image::build_client(options)));
}

std::vector<Option> with_common(std::vector<Option> options) {
    const std::vector<Option> common = {
        {'o', "output", "DIR", "folder to make; an image in it is replaced in one step"},
        {0, "kernel-package", "PACKAGE", "Debian package of the kernel (default linux-image-amd64)"},
        {0, "compression", "NAME", "of the initramfs: zstd (default), xz, gzip, none", "zstd xz gzip none"},
        {0, "refresh", nullptr, "ask apt for newer packages than those in the cache"},
        {0, "manifest", "FILE",
         "write what a launcher or a vTPM measures of the image: size and digests in four banks"},
        {0, "cmdline", "TEXT", "with --manifest: the kernel's command line, which is measured too"},
        {0, "json", nullptr, "print the manifest in DIR"},
    };
    options.insert(options.begin(), common.begin(), common.end());
    return options;
}

} // namespace

const std::vector<Verb>& image_verbs() {
    static const std::vector<Verb> verbs = {
        {"image ndvm", "--output DIR [--nic NAME[,NAME...]] [--manifest FILE]",
         "build a network driver domain's kernel and initramfs",
         "Makes DIR/kernel, DIR/initramfs and DIR/manifest.json from Debian's kernel package and bulkhead-agent. The "
         "package comes by `apt-get download` into the cache (~/.cache/bulkhead/packages), without root; a second run "
         "needs no network. The same inputs give the same bytes, whatever the time, user or folder.\n"
         "NIC names: e1000, e1000e, igb, igc, ixgbe, i40e, ice, r8169, rtl8139, tg3, vif, virtio, vmxnet3, the name of "
         "any other network driver of the kernel, or all.",
         with_common({{0, "nic", "NAMES", "network drivers to put in, by commas (default e1000e)",
                       "e1000 e1000e igb igc ixgbe i40e ice r8169 rtl8139 tg3 vif virtio vmxnet3 all"},
                      {0, "agent", "FILE", "the static bulkhead-agent (default: the one beside this program)"},
                      {0, "debug-shell", nullptr, "add busybox and a shell on the console; never for service"}}),
         0, 0, build_ndvm},
        {"image client", "--output DIR [--manifest FILE]", "build a tiny Linux guest that tests its network",
         "Makes DIR/kernel, DIR/initramfs and DIR/manifest.json of a guest (PV or PVH) with busybox, the Xen network "
         "and block frontends, and a scripted network test, started by words on its kernel command line: "
         "client.ip=dhcp|ADDRESS/LENGTH[,GATEWAY]|none client.test=ping,transfer,stream client.target=ADDRESS:PORT. It "
         "prints lines of the form `@@ UPTIME EVENT key=value...` and ends in a shell.",
         with_common({}), 0, 0, build_client},
    };
    return verbs;
}

} // namespace bulkhead::cli
