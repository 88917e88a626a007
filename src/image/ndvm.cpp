#include "image/ndvm.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "image/digest.hpp"
#include "image/elf.hpp"
#include "image/nic_table.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace bulkhead::image {
namespace {

constexpr std::size_t largest_agent = 256 << 20;

// In this order: xen-pcifront brings the NIC's PCI device, the others may come after it.
const std::vector<std::string> service_modules = {"xen_pcifront", "bridge", "crc32c_generic", "nft_meta_bridge",
                                                  "xen_netback"};

// What the agent's rules need, where the kernel has it: without it vifs that have rules are refused, and the others are
// served. nf_tables needs libcrc32c, which asks for the algorithm by an alias.
const std::vector<std::string> rules_modules = {"crc32c_generic", "nft_meta_bridge"};

// PID 1 must be the agent, so the shell runs beside it, started again whenever it is left. The agent mounts /dev
// meanwhile.
constexpr const char* shell_init = R"(#!/bin/busybox sh
busybox mount -t devtmpfs dev /dev # a background job gets /dev/null
(
    while :; do
        busybox sleep 1
        [ -c /dev/hvc0 ] && busybox setsid busybox cttyhack busybox sh
    done
) &
exec /sbin/bulkhead-agent "$@"
)";

// Bytes of the agent for the image: it must run where there is no libc.
Result<std::string> load_agent(const std::string& path) {
    const std::string bytes = TRY(context(read_file(path, largest_agent),
                                          "the agent (build the target bulkhead-agent, or name it with --agent)"));
    const ElfFile elf = TRY(context(parse_elf(bytes), "the agent " + path));
    if (!elf.interpreter.empty() || !elf.needed.empty())
        return fail("the agent " + path + " is not a static program: the image has no libraries for it");
    return context(strip_program(bytes), path);
}

} // namespace

Result<std::string> find_agent() {
    std::error_code code;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", code);
    if (code) return fail_errno("/proc/self/exe", code.value());
    const std::filesystem::path folder = self.parent_path();
    for (const char* place : {"bulkhead-agent", "../agent/bulkhead-agent"}) {
        const std::string path = (folder / place).lexically_normal().string();
        if (exists(path)) return path;
    }
    return fail("no bulkhead-agent beside " + self.string() +
                ": build the target bulkhead-agent, or name it with --agent");
}

Result<BuiltImage> build_ndvm(const NdvmOptions& options) {
    const std::string agent_path = options.agent.empty() ? TRY(find_agent()) : options.agent;
    std::string agent = TRY(load_agent(agent_path));
    std::vector<std::string> packages;
    if (options.debug_shell) packages.emplace_back("busybox-static");
    const Sources sources = TRY(prepare_sources(options, packages));
    const ModuleTree& tree = sources.kernel.modules;
    ModuleChoice choice;
    choice.load = service_modules;
    for (const std::string& module : rules_modules) {
        if (!tree.has(module) && !tree.is_builtin(module)) std::erase(choice.load, module);
    }
    choice.present = TRY(nic_modules(tree, options.nics));
    // Of all drivers those that fit are loaded once the card is seen. A chosen one is loaded before: while the PCI bus
    // is still being scanned, and for a spare before it is saved.
    if (std::find(options.nics.begin(), options.nics.end(), "all") == options.nics.end())
        choice.load.insert(choice.load.end(), choice.present.begin(), choice.present.end());

    // In a chain. A frame that comes from a client lies in pages which that client granted, and a domain cannot grant
    // on what was granted to it: netfront must copy, which is what it does when its backend is not trusted (XSA-403).
    choice.parameters["xen_netfront"] = "trusted=0";

    nlohmann::json inputs = describe_inputs(options, sources, packages);
    inputs["agent"] = {{"sha256", sha256(agent)}};
    inputs["debug_shell"] = options.debug_shell;
    inputs["drivers"] = choice.present;
    inputs["load"] = choice.load;
    inputs["parameters"] = choice.parameters;
    if (Result<BuiltImage> current = find_current(options, inputs)) return current;

    Initramfs initramfs;
    for (const char* mount_point : {"/dev", "/proc", "/run", "/sys", "/tmp"}) TRY(initramfs.add_directory(mount_point));
    TRY(initramfs.add_device("/dev/console", 'c', 5, 1)); // the kernel opens it for /init before anything is mounted
    if (options.debug_shell) {
        const std::string busybox = sources.cache.root("busybox-static") + "/bin/busybox";
        TRY(initramfs.add_file_from("/bin/busybox", busybox, 0755));
        TRY(initramfs.add_symlink("/bin/sh", "busybox"));
        TRY(initramfs.add_file("/init", shell_init, 0755));
        TRY(initramfs.add_file("/sbin/bulkhead-agent", std::move(agent), 0755));
        TRY(initramfs.add_symlink("/sbin/poweroff", "bulkhead-agent"));
    } else {
        TRY(initramfs.add_file("/init", std::move(agent), 0755));
        TRY(initramfs.add_symlink("/sbin/poweroff",
                                  "../init")); // the kernel runs it when the toolstack asks for a shutdown
    }
    TRY(initramfs.add_symlink("/sbin/reboot", "poweroff"));
    const std::vector<KernelModule> modules = TRY(add_modules(initramfs, tree, choice));
    return write_image(options, "ndvm", sources.kernel, initramfs, modules, inputs);
}

} // namespace bulkhead::image
