#include "config/domain_config.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "config/access_control.hpp"
#include "config/legacy.hpp"
#include "config/reader.hpp"
#include "config/vif.hpp"
#include "config/xm_text.hpp"
#include "xen/disk_text.hpp"
#include "xen/spec_options.hpp"
#include "xen/uuid.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace bulkhead::config {
namespace {

using xen::DomainSpec;
using xen::DomainType;
using xen::OnShutdown;

constexpr std::pair<const char*, OnShutdown> actions[] = {
    {"destroy", OnShutdown::destroy},
    {"restart", OnShutdown::restart},
    {"rename-restart", OnShutdown::rename_restart},
    {"preserve", OnShutdown::preserve},
    {"coredump-destroy", OnShutdown::coredump_destroy},
    {"coredump-restart", OnShutdown::coredump_restart},
    {"soft-reset", OnShutdown::soft_reset},
};

// What parse_domain() itself reads; the rest is spec_options.cpp's.
const std::vector<std::string>& own_keys() {
    static const std::vector<std::string> keys = {"name",
                                                  "uuid",
                                                  "type",
                                                  "builder",
                                                  "kernel",
                                                  "ramdisk",
                                                  "cmdline",
                                                  "memory",
                                                  "maxmem",
                                                  "vcpus",
                                                  "maxvcpus",
                                                  "on_poweroff",
                                                  "on_reboot",
                                                  "on_watchdog",
                                                  "on_crash",
                                                  "on_soft_reset",
                                                  "driver_domain",
                                                  "pci",
                                                  "pci_msitranslate",
                                                  "pci_power_mgmt",
                                                  "pci_permissive",
                                                  "pci_seize",
                                                  "vif",
                                                  "disk",
                                                  "supervise",
                                                  "heartbeat_timeout",
                                                  "spare",
                                                  "antispoof",
                                                  "nics",
                                                  "access_control"};
    return keys;
}

bool is_key(std::string_view name) {
    const auto in = [name](const std::vector<std::string>& keys) {
        return std::find(keys.begin(), keys.end(), name) != keys.end();
    };
    return in(own_keys()) || in(cmdline_keys()) || xen::knows_option(name) || why_ignored(name);
}

class Parser {
public:
    Parser(const xen::ConfigTree& tree, const XlConf& host) : tree_(tree), reader_(tree), host_(host) {}

    Result<ParsedDomain> run() {
        TRY(identity());
        TRY(type());
        TRY(resources());
        TRY(boot());
        TRY(lifecycle());
        TRY(label());
        TRY(pcis());
        TRY(vifs());
        TRY(disks());
        TRY(others());
        return std::move(result_);
    }

private:
    DomainSpec& spec() { return result_.spec; }
    void warn(unsigned line, const std::string& what) {
        result_.warnings.push_back(tree_.source + ":" + std::to_string(line) + ": " + what);
    }

    Status identity() {
        const auto name = TRY(reader_.text("name"));
        if (!name || name->empty()) return fail(tree_.source + ": name: is missing; every domain needs one");
        if (const Status valid = check_name(*name); !valid) return reader_.error("name", valid.error().message);
        spec().name = *name;
        if (const auto uuid = TRY(reader_.text("uuid"))) {
            spec().uuid = xen::normal_uuid(*uuid);
            if (!spec().uuid) {
                return reader_.error("uuid", "'" + printable(*uuid, 64) +
                                                 "' is not a UUID such as 5d0d9b2c-6a1e-4c6e-8f0a-3b2f6f1f6d11");
            }
        }
        return {};
    }

    Status type() {
        const auto type = TRY(reader_.text("type"));
        const auto builder = TRY(reader_.text("builder"));
        if (type) {
            if (*type == "pv")
                spec().type = DomainType::pv;
            else if (*type == "pvh")
                spec().type = DomainType::pvh;
            else if (*type == "hvm")
                spec().type = DomainType::hvm;
            else
                return reader_.error("type", "'" + printable(*type, 64) + "' must be \"pv\", \"pvh\" or \"hvm\"");
        }
        if (builder) {
            if (*builder != "hvm" && *builder != "generic" && *builder != "linux") { // "linux" was xm's
                return reader_.error("builder", "'" + printable(*builder, 64) + "' must be \"hvm\" or \"generic\"");
            }
            const DomainType built = *builder == "hvm" ? DomainType::hvm : DomainType::pv;
            if (type && spec().type != built) return reader_.error("builder", "contradicts type=\"" + *type + "\"");
            spec().type = built;
        }
        return {};
    }

    Status resources() {
        constexpr long memory_max =
            16L * 1024 * 1024;          // MiB: 16 TiB, the most that Xen 4.17 gives a domain (SUPPORT.md)
        constexpr long vcpus_max = 512; // PV on x86, SUPPORT.md
        spec().memory = TRY(reader_.number("memory", 1, memory_max));
        spec().maxmem = TRY(reader_.number("maxmem", 1, memory_max));
        spec().vcpus = TRY(reader_.number("vcpus", 1, vcpus_max));
        spec().maxvcpus = TRY(reader_.number("maxvcpus", 1, vcpus_max));
        if (spec().maxmem && spec().memory && *spec().maxmem < *spec().memory) {
            return reader_.error("maxmem", std::to_string(*spec().maxmem) +
                                               " is less than memory=" + std::to_string(*spec().memory));
        }
        if (spec().maxvcpus && *spec().maxvcpus < spec().vcpus.value_or(0)) {
            return reader_.error("maxvcpus", std::to_string(*spec().maxvcpus) +
                                                 " is less than vcpus=" + std::to_string(*spec().vcpus));
        }
        return {};
    }

    Status boot() {
        spec().kernel = TRY(reader_.text("kernel")).value_or("");
        spec().ramdisk = TRY(reader_.text("ramdisk")).value_or("");
        if (const auto cmdline = TRY(reader_.text("cmdline"))) {
            spec().cmdline = *cmdline;
            for (const std::string& key : cmdline_keys()) {
                if (const auto* value = tree_.find(key)) warn(value->line, key + "= is ignored beside cmdline=");
            }
        } else {
            spec().cmdline = TRY(shape_cmdline(reader_));
        }
        TRY(firmware());
        if (spec().type != DomainType::hvm && spec().kernel.empty() && tree_.find("bootloader") == nullptr) {
            return fail(tree_.source + ": kernel: is missing; a PV or PVH domain needs kernel= or bootloader=");
        }
        return {};
    }

    // HVM: spec_options.cpp. PV and PVH: the name of a boot loader that Xen has.
    Status firmware() {
        if (spec().type == DomainType::hvm) {
            const std::string& kernel = spec().kernel;
            if (kernel.substr(kernel.rfind('/') + 1) == "hvmloader") { // npos + 1 is 0
                warn(tree_.find("kernel")->line,
                     "kernel= is ignored: it is the firmware; firmware_override= takes another");
                spec().kernel.clear();
            }
            return {};
        }
        const auto firmware = TRY(reader_.text("firmware"));
        if (!firmware) return {};
        if (!spec().kernel.empty()) return reader_.error("firmware", "cannot stand beside kernel=");
        if (*firmware != "pvgrub32" && *firmware != "pvgrub64") {
            return reader_.error("firmware", "'" + printable(*firmware, 64) + "' must be \"pvgrub32\" or \"pvgrub64\"");
        }
        spec().kernel = std::string(xen::firmware_directory) + "/" + *firmware + ".bin";
        return {};
    }

    Status lifecycle() {
        const std::pair<const char*, OnShutdown*> keys[] = {{"on_poweroff", &spec().on_poweroff},
                                                            {"on_reboot", &spec().on_reboot},
                                                            {"on_watchdog", &spec().on_watchdog},
                                                            {"on_crash", &spec().on_crash},
                                                            {"on_soft_reset", &spec().on_soft_reset}};
        for (const auto& [key, target] : keys) {
            const auto word = TRY(reader_.text(key));
            if (!word) continue;
            const auto* action =
                std::find_if(std::begin(actions), std::end(actions), [&](const auto& a) { return *word == a.first; });
            if (action == std::end(actions)) {
                return reader_.error(key, "'" + printable(*word, 64) +
                                              "' must be destroy, restart, rename-restart, preserve, coredump-destroy, "
                                              "coredump-restart or soft-reset");
            }
            *target = action->second;
        }
        spec().driver_domain = TRY(reader_.flag("driver_domain"));
        spec().supervise = TRY(reader_.text("supervise")).value_or("");
        if (!spec().supervise.empty() && spec().supervise != "reincarnate" && spec().supervise != "restart" &&
            spec().supervise != "none") {
            return reader_.error("supervise", "must be \"reincarnate\", \"restart\" or \"none\"");
        }
        spec().heartbeat_timeout = TRY(reader_.number("heartbeat_timeout", 1, 3600));
        spec().spare = TRY(reader_.flag("spare"));
        return {};
    }

    Status label() {
        const auto entries = TRY(reader_.texts("access_control"));
        if (entries.size() > 1)
            return reader_.error("access_control", entries[1]->line,
                                 "VM config error: Multiple access_control definitions!");
        for (const xen::ConfigValue* entry : entries) {
            auto parsed = parse_access_control(entry->text);
            if (!parsed) return reader_.error("access_control", entry->line, parsed.error().message);
            spec().label = std::move(*parsed);
        }
        return {};
    }

    Status pcis() {
        xen::PciSpec defaults;
        // xl takes any number for these and asks only whether it is 0.
        defaults.msitranslate = TRY(reader_.number("pci_msitranslate", INT32_MIN, INT32_MAX)).value_or(0) != 0;
        defaults.power_mgmt = TRY(reader_.number("pci_power_mgmt", INT32_MIN, INT32_MAX)).value_or(0) != 0;
        defaults.permissive = TRY(reader_.number("pci_permissive", INT32_MIN, INT32_MAX)).value_or(0) != 0;
        defaults.seize = TRY(reader_.number("pci_seize", INT32_MIN, INT32_MAX)).value_or(0) != 0;
        for (const xen::ConfigValue* item : TRY(reader_.texts("pci"))) {
            const Status valid = xen::check_pci(item->text);
            if (!valid)
                return reader_.error("pci", item->line,
                                     "'" + printable(item->text, 128) + "' " + valid.error().message);
            xen::PciSpec pci = defaults;
            pci.text = item->text;
            spec().pcis.push_back(std::move(pci));
        }
        if (!spec().pcis.empty() && spec().type == DomainType::pvh) {
            return reader_.error("pci", "Xen 4.17 cannot give PCI devices to a PVH domain; use type=\"pv\" or \"hvm\"");
        }
        return {};
    }

    Status vifs() {
        xen::NicSpec usual = host_.nic;
        if (const auto antispoof = TRY(reader_.flag("antispoof"))) {
            usual.antispoof = antispoof;
        } else if (spec().driver_domain.value_or(false)) {
            usual.antispoof = false; // in a chain: it bridges its own clients
        }
        for (const xen::ConfigValue* item : TRY(reader_.texts("vif"))) {
            xen::NicSpec nic = usual;
            if (const Status parsed = parse_vif(item->text, nic); !parsed) {
                return reader_.error("vif", item->line, parsed.error().message);
            }
            if (nic.type == "ioemu" && spec().type != DomainType::hvm) {
                return reader_.error("vif", item->line, "type=ioemu needs an HVM domain");
            }
            spec().nics.push_back(std::move(nic));
        }
        // xm: how many there are at least.
        const auto least = TRY(reader_.number("nics", -1, 255));
        while (static_cast<long>(spec().nics.size()) < least.value_or(0)) spec().nics.push_back(usual);
        return {};
    }

    Status disks() {
        for (const xen::ConfigValue* item : TRY(reader_.texts("disk"))) {
            auto disk = xen::parse_disk(item->text);
            if (!disk)
                return reader_.error("disk", item->line,
                                     "'" + printable(item->text, 128) + "' " + disk.error().message);
            spec().disks.push_back(std::move(*disk));
        }
        return {};
    }

    Status others() {
        const auto& own = own_keys();
        const auto& shaping = cmdline_keys();
        for (const xen::ConfigEntry& entry : tree_.entries) {
            const unsigned line = entry.value.line;
            if (std::find(own.begin(), own.end(), entry.key) != own.end()) continue;
            if (std::find(shaping.begin(), shaping.end(), entry.key) != shaping.end()) continue;
            if (xen::knows_option(entry.key)) {
                xen::OptionNotes notes;
                const Status valid = xen::check_option(entry.key, entry.value, notes);
                if (!valid && !xen::option_applies(entry.key, spec().type)) {
                    warn(notes.line,
                         entry.key + ": has no effect for this type of domain, and " + valid.error().message);
                    continue;
                }
                if (!valid) return reader_.error(entry.key, notes.line, valid.error().message);
                for (const std::string& note : notes.warnings) warn(notes.line, entry.key + ": " + note);
                spec().options.push_back({entry.key, entry.value});
                continue;
            }
            if (const auto why = why_ignored(entry.key)) {
                warn(line, entry.key + "= " + std::string(*why));
                continue;
            }
            std::vector<std::string> known = xen::option_names();
            known.insert(known.end(), own.begin(), own.end());
            known.insert(known.end(), shaping.begin(), shaping.end());
            warn(line, "unknown key '" + printable(entry.key, 64) + "' is ignored" + did_you_mean(entry.key, known));
        }
        return consistent();
    }

    // What single keys cannot tell.
    Status consistent() {
        const auto* listen = xen::find_option(spec().options, "vnclisten");
        const auto* display = xen::find_option(spec().options, "vncdisplay");
        if (spec().type == DomainType::hvm && listen != nullptr && display != nullptr && display->text != "0" &&
            listen->text.find(':') != std::string::npos) {
            return reader_.error("vncdisplay", "the display is in vnclisten= already");
        }
        if (spec().type == DomainType::pv && tree_.find("timer_mode") != nullptr) {
            return reader_.error("timer_mode", "is not for PV domains");
        }
        return {};
    }

    const xen::ConfigTree& tree_;
    Reader reader_;
    const XlConf& host_;
    ParsedDomain result_;
};

} // namespace

Status check_name(std::string_view name) {
    // libxl puts the name into xenstore and into paths of logs and sockets, and people type it.
    const bool clean = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f && c != '/'; });
    if (!clean || name.empty() || name.size() > 256) {
        return fail("'" + printable(name, 64) + "' must be 1 to 256 printable characters without space or '/'");
    }
    if (parse_unsigned(name)) return fail("'" + std::string(name) + "' would be taken for a domain id");
    return {};
}

Result<ParsedDomain> parse_domain(std::string_view text, const std::string& source, const XlConf& host) {
    auto tree = xen::read_config(text, source);
    if (!tree) {
        if (text.size() > xen::config_size_max || text.find('\0') != std::string_view::npos)
            return tl::unexpected(tree.error());
        // What libxlutil does not read may be xm's: variables and expressions.
        tree = xen::read_config(TRY(xl_text_of_xm(text, source, is_key)), source);
        if (!tree) return tl::unexpected(tree.error());
    }
    return Parser(*tree, host).run();
}

namespace {

// Neither quoted, nor a list, nor what libxlutil reads as a number; and free of what quotes would not protect.
bool is_bare(std::string_view value) {
    if (value.empty() || value[0] == '"' || value[0] == '\'' || value[0] == '[') return false;
    if (value.find_first_of("\"\\\n") != std::string_view::npos) return false;
    const bool digit_first = value[0] >= '0' && value[0] <= '9';
    return !digit_first || value.find_first_not_of("0123456789abcdefx") != std::string_view::npos;
}

} // namespace

std::string with_overrides(std::string_view text, const std::vector<std::string>& assignments) {
    std::string whole(text);
    if (!assignments.empty()) whole.append(overrides_mark);
    for (const std::string& one : assignments) {
        const std::size_t equals = one.find('=');
        const std::string_view value =
            equals == std::string::npos ? "" : trim(std::string_view(one).substr(equals + 1));
        // A shell takes quotes away: name=web is meant as name="web". (xl wants the quotes to survive.)
        if (is_bare(value)) {
            whole.append(one, 0, equals + 1).append("\"").append(value).append("\"\n");
        } else {
            whole.append(one).append("\n");
        }
    }
    return whole;
}

} // namespace bulkhead::config
