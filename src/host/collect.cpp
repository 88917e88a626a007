#include "host/collect.hpp"

#include "base/file.hpp"
#include "base/modules.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "host/dom0_options.hpp"
#include "host/pci_path.hpp"
#include "host/sh_assignments.hpp"
#include "host/xen_text.hpp"
#include "pci/sysfs.hpp"
#include "xen/quota.hpp"
#include "xen/store.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t small = 64 * 1024;
constexpr std::size_t list_max = 4 << 20;

std::string text_of(const std::string& path, std::size_t limit = small) {
    const Result<std::string> text = read_file(path, limit);
    return text ? std::string(trim(*text)) : std::string();
}

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
        names.push_back(entry->path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

void look_at_xen(const std::string& root, Facts& facts) {
    const std::string folder = root + "/sys/hypervisor/";
    facts.under_xen = text_of(folder + "type") == "xen";
    if (facts.under_xen) facts.version = text_of(folder + "version/major") + "." + text_of(folder + "version/minor");
    if (exists(root + "/proc/xen/capabilities"))
        facts.control_domain = text_of(root + "/proc/xen/capabilities").find("control_d") != std::string::npos;
    for (const std::string& name : names_in(root + "/boot")) {
        if (name.starts_with("xen-") && (name.ends_with(".gz") || name.ends_with(".efi")))
            facts.installed.push_back(name);
    }
    for (const std::string& name : names_in(root + "/usr/lib")) {
        const std::string version = version_of_tools(name);
        if (!version.empty() && exists(root + "/usr/lib/" + name + "/bin/xl")) facts.utilities.push_back(version);
    }
    const std::string tables = root + "/sys/firmware/acpi/tables/";
    for (const char* table : {"DMAR", "IVRS", "XMAR"}) facts.firmware_iommu |= exists(tables + table);
}

void look_at_programs(const std::string& root, Facts& facts) {
    for (const std::string& pid : names_in(root + "/proc")) {
        if (!parse_unsigned(pid)) continue;
        const std::string name = text_of(root + "/proc/" + pid + "/comm", 64);
        const bool wanted = name == "xenstored" || name == "oxenstored" || name == "xenconsoled";
        if (wanted && std::find(facts.programs.begin(), facts.programs.end(), name) == facts.programs.end())
            facts.programs.push_back(name);
    }
}

void look_at_starting(const std::string& root, Facts& facts) {
    const std::string wanted = root + "/etc/systemd/system/multi-user.target.wants/";
    facts.own_domains_unit = exists(wanted + "bulkhead-domains.service");
    facts.xendomains = exists(wanted + "xendomains.service");
    for (const std::string& name : names_in(root + "/etc/rc2.d")) // Debian's is a script of System V's init
        facts.xendomains |= name.size() > 3 && name[0] == 'S' && name.substr(3) == "xendomains";
    facts.automatic = names_in(root + "/etc/xen/auto");
    ShellVariables variables;
    if (read_assignments(text_of(root + "/etc/default/xendomains"), "xendomains", variables)) {
        const ShellValue folder = variables.get("XENDOMAINS_SAVE");
        const bool all = variables.get("XENDOMAINS_AUTO_ONLY").text != "true";
        if (folder.known && all) facts.saved_to = printable(folder.text, 256);
    }
}

void look_at_network(const std::string& root, Facts& facts) {
    for (const std::string& name : names_in(root + "/sys/class/net")) {
        if (exists(root + "/sys/class/net/" + name + "/bridge")) facts.bridges.push_back(name);
    }
    for (const char* name : {"block-hotplug", "vif-hotplug"}) {
        if (exists(root + "/usr/lib/bulkhead/" + name)) facts.hotplug.emplace_back(name);
    }
    facts.bridge_rules = text_of(root + "/proc/sys/net/bridge/bridge-nf-call-iptables", small) == "1";
}

void look_at_modules(const std::string& root, Facts& facts) {
    utsname kernel{};
    (void)::uname(&kernel);
    const std::string folder = root + "/lib/modules/" + kernel.release;
    facts.udev = exists(root + "/run/udev/control");
    const auto built_in = read_file(folder + "/modules.builtin", list_max);
    const auto loadable = read_file(folder + "/modules.dep", list_max);
    // A service VM or the lab has no such folder, but a list of its own.
    const auto own = read_file(root + "/lib/bulkhead/modules", list_max);
    for (const char* name : {"xen-evtchn", "xen-gntdev", "xen-pciback", "xen-blkback", "xen-netback"}) {
        const std::string module = module_name(name);
        ModuleFact fact{name, ModuleState::missing};
        if (exists(root + "/sys/module/" + module + "/initstate")) // only those that were loaded have it
            fact.state = ModuleState::loaded;
        else if (built_in ? lists_module(*built_in, module) : exists(root + "/sys/module/" + module))
            fact.state = ModuleState::built_in;
        else if ((loadable && lists_module(*loadable, module)) || (own && own->find(module + " ") != std::string::npos))
            fact.state = ModuleState::available;
        facts.modules.push_back(fact);
    }
}

void look_at_devices(const std::string& root, Facts& facts) {
    const std::string bus = root + "/sys/bus/pci";
    const pci::Sysfs sysfs(bus);
    facts.kernel_command_line = printable(text_of(root + "/proc/cmdline"), small);
    for (const std::string_view word : words(facts.kernel_command_line)) {
        const std::size_t equals = word.find('=');
        const std::string_view name = word.substr(0, equals);
        if (name != "xen-pciback.hide" && name != "xen_pciback.hide") continue;
        const auto hidden = parse_hidden(equals == std::string_view::npos ? "" : word.substr(equals + 1));
        if (!hidden) continue;
        for (const HiddenDevice& one : *hidden) {
            const auto device = sysfs.device(one.address);
            facts.hidden.push_back(
                {pci::address_text(one.address), device.has_value(), device ? device->driver : std::string()});
        }
    }
    const std::vector<std::string> all = names_in(bus + "/devices");
    std::map<std::string, std::string> paths;
    for (const std::string& name : all) {
        std::error_code error;
        paths[name] = fs::canonical(bus + "/devices/" + name, error).string();
    }
    const auto redirects = [&](const std::string& bridge) {
        const auto space = read_file(bus + "/devices/" + bridge + "/config", 4096);
        return space && redirects_peers(*space);
    };
    for (const pci::Address& address : sysfs.network_cards()) {
        const auto device = sysfs.device(address);
        if (!device) continue;
        NicFact nic{pci::address_text(address), device->driver, device->interfaces, {}, {}, {}};
        const std::string folder = bus + "/devices/" + nic.address;
        nic.reset = text_of(folder + "/reset_method", 256);
        if (nic.reset.empty() && exists(folder + "/reset")) nic.reset = "the kernel's choice";
        for (const std::string& name : all) {
            if (name != nic.address && name.substr(0, name.find('.')) == nic.address.substr(0, nic.address.find('.')))
                nic.together.push_back(name);
        }
        if (facts.root) nic.peers = unguarded_peers(nic.address, paths, redirects);
        facts.nics.push_back(std::move(nic));
    }
}

void look_at_space(const std::string& root, Facts& facts) {
    for (const char* path : {"/var/lib/xen", "/var/lib/bulkhead"}) {
        struct statvfs info {};
        std::string folder = root + path;
        while (!exists(folder) && folder.size() > root.size() + 1) folder = fs::path(folder).parent_path().string();
        if (::statvfs(folder.c_str(), &info) != 0) continue;
        facts.space.push_back({path, std::uint64_t{info.f_bavail} * info.f_frsize});
    }
}

void ask_xl(Facts& facts) {
    constexpr std::chrono::seconds deadline{10};
    const Result<std::string> text = run_checked({"xl", "info"}, deadline);
    const Result<XenInfo> info = text ? parse_xen_info(*text) : Result<XenInfo>(tl::unexpected(text.error()));
    if (info)
        facts.info = *info;
    else
        facts.info_error = printable(info.error().message, 300);
    if (const Result<std::string> log = run_checked({"xl", "dmesg"}, deadline)) facts.log = parse_xen_log(*log);
}

void ask_store(Facts& facts) {
    auto store = xen::Store::open();
    if (!store) {
        facts.store_error = store.error().message;
        return;
    }
    store->set_deadline(std::chrono::seconds(5));
    if (const auto answer = store->read_if("/local/domain/0/name"); !answer) {
        facts.store_error = answer.error().message;
        return;
    }
    const auto quota = xen::quota_of(*store, 0);
    if (!quota) return; // without being root it does not tell
    facts.limits.emplace();
    if (quota->nodes) facts.limits->nodes = quota->nodes->limit;
    if (quota->watches) facts.limits->watches = quota->watches->limit;
}

// libxlutil reads the file, and this program does not link it.
void ask_settings(Facts& facts) {
    constexpr const char* file = "/etc/xen/xl.conf";
    if (!exists(file)) {
        facts.xl = XlSettings{"", "", "auto"};
        return;
    }
    const auto output = run({exists("/usr/sbin/bulkheadd") ? "/usr/sbin/bulkheadd" : "bulkheadd", "--xl-conf", file},
                            std::chrono::seconds(10));
    if (!output || output->status != 0) {
        facts.xl_error = "not read: " + printable(trim(output ? output->err : output.error().message), 300);
        return;
    }
    const auto tree = nlohmann::json::parse(output->out, nullptr, false);
    const auto text = [&](const char* key) -> std::string {
        const bool there = tree.is_object() && tree.contains(key) && tree[key].is_string();
        return there ? printable(tree[key].get<std::string>(), 64) : "";
    };
    facts.xl = XlSettings{text("bridge"), text("backend"), text("autoballoon")};
}

} // namespace

std::string version_of_tools(const std::string& folder) {
    if (!folder.starts_with("xen-")) return {};
    const auto parts = split(std::string_view(folder).substr(4), '.');
    if (parts.size() != 2 || !parse_unsigned(parts[0], 99) || !parse_unsigned(parts[1], 99)) return {};
    return folder.substr(4);
}

bool lists_module(const std::string& list, const std::string& name) {
    for (const std::string_view line : split(list, '\n')) {
        std::string_view path = line.substr(0, line.find(':')); // modules.dep has the dependencies behind it
        path = path.substr(path.rfind('/') + 1);
        path = path.substr(0, path.find(".ko"));
        if (module_name(path) == module_name(name)) return true;
    }
    return false;
}

Facts collect_files(const std::string& root) {
    Facts facts;
    facts.root = ::geteuid() == 0;
    look_at_xen(root, facts);
    look_at_programs(root, facts);
    look_at_starting(root, facts);
    look_at_network(root, facts);
    look_at_modules(root, facts);
    look_at_devices(root, facts);
    look_at_space(root, facts);
    return facts;
}

void collect_running(Facts& facts) {
    if (facts.under_xen) {
        ask_xl(facts);
        ask_store(facts);
    }
    ask_settings(facts);
}

} // namespace bulkhead::host
