#include "host/dom0_options.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "host/value_form.hpp"

#include <algorithm>
#include <array>

namespace bulkhead::host {
namespace {

// Documentation/admin-guide/kernel-parameters.txt of Linux 6.1, except where another source is named.
struct Dom0Option {
    const char* name;
    const char* form; // items of value_form.hpp; "": the value has a check of its own
    bool bare = false;
};
constexpr std::array dom0_table = std::to_array<Dom0Option>({
    {"console", ""},
    {"earlyprintk", "xen xen,keep"},
    {"loglevel", "0 1 2 3 4 5 6 7"},
    {"nomodeset", "", true},
    {"quiet", "", true},
    {"swiotlb", "<int> force noforce"},
    {"xen-pciback.hide", ""},
    {"xen-pciback.passthrough", "0 1"}, // module parameters: drivers/xen/xen-pciback
    {"xen-pciback.permissive", "0 1"},
    {"xen_netback.max_queues", "<int>"}, // drivers/net/xen-netback/netback.c
});

struct Useless {
    const char* name;
    const char* why;
};
constexpr std::array useless = std::to_array<Useless>({
    {"amd_iommu", "has no effect in dom0, since the IOMMU is Xen's; set Xen's iommu=1"},
    {"intel_iommu", "has no effect in dom0, since the IOMMU is Xen's; set Xen's iommu=1"},
    {"max_loop", "is not needed: loop devices are made as they are used"},
    {"pciback.hide", "was the name in Xen's own kernels; set xen-pciback.hide"},
    {"pciback.permissive", "was the name in Xen's own kernels; set xen-pciback.permissive"},
    {"xencons", "was for Xen's own kernels; set console=hvc0"},
});

const Dom0Option* find_option(std::string_view name) {
    const std::string wanted = dom0_name(name);
    const auto found = std::find_if(dom0_table.begin(), dom0_table.end(),
                                    [&](const Dom0Option& option) { return wanted == option.name; });
    return found == dom0_table.end() ? nullptr : &*found;
}

// hvc0, tty1, ttyS0,115200n8
Status check_console(std::string_view value) {
    const std::string_view device = value.substr(0, value.find(','));
    for (const std::string_view prefix : {"hvc", "ttyS", "ttyAMA", "ttyUSB", "tty"}) {
        if (device.starts_with(prefix) && parse_unsigned(device.substr(prefix.size()), 255)) return {};
    }
    return fail("console: '" + printable(value, 64) +
                "' is no console of dom0's kernel: hvc0 is Xen's, tty0 the screen; Xen's own are com1, com2 and vga");
}

} // namespace

std::string dom0_name(std::string_view name) {
    for (const auto& [other, ours] : {std::pair{"xen_pciback.", "xen-pciback."}, {"xen-netback.", "xen_netback."}}) {
        if (name.starts_with(other)) return ours + std::string(name.substr(std::string_view(other).size()));
    }
    return std::string(name);
}

bool is_dom0_option(std::string_view name) {
    return find_option(name) != nullptr ||
           std::any_of(useless.begin(), useless.end(), [&](const Useless& one) { return name == one.name; });
}

std::vector<std::string> dom0_option_names() {
    std::vector<std::string> names;
    for (const Dom0Option& option : dom0_table) names.emplace_back(option.name);
    return names;
}

bool may_repeat(std::string_view name) {
    return name == "console";
}

Status check_dom0_option(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string name = dom0_name(word.substr(0, equals));
    for (const Useless& one : useless)
        if (name == one.name) return fail(name + " " + one.why);
    const Dom0Option* option = find_option(name);
    if (option == nullptr)
        return fail("'" + printable(name, 64) + "' is none of the options of dom0's kernel that are known here: " +
                    join(dom0_option_names(), ", ") + did_you_mean(name, dom0_option_names()));
    if (equals == std::string_view::npos) {
        if (option->bare) return {};
        return fail(name + ": needs a value, as in " + name + "=...");
    }
    const std::string_view value = word.substr(equals + 1);
    if (option->bare) return fail(name + ": takes no value");
    if (value.empty()) return fail(name + ": needs a value behind '='");
    if (name == "console") return check_console(value);
    if (option->form == std::string_view())
        return parse_hidden(value) ? Status{} : tl::unexpected(parse_hidden(value).error());
    if (!fits(value, option->form))
        return fail(name + ": '" + printable(value, 64) + "' is none of: " + join(examples(option->form), ", "));
    return {};
}

Result<std::vector<HiddenDevice>> parse_hidden(std::string_view value) {
    constexpr std::size_t devices_max = 64;
    std::vector<std::string_view> parts;
    if (value.starts_with('(')) {
        while (!value.empty()) {
            const std::size_t close = value.find(')');
            if (value[0] != '(' || close == std::string_view::npos)
                return fail("xen-pciback.hide: '" + printable(value, 64) +
                            "' must be addresses in parentheses: (00:19.0)(03:00.0)");
            parts.push_back(value.substr(1, close - 1));
            value.remove_prefix(close + 1);
        }
    } else {
        parts = split(value, ',');
    }
    std::vector<HiddenDevice> devices;
    for (const std::string_view part : parts) {
        HiddenDevice device;
        device.all_functions = part.ends_with(".*");
        const std::string text =
            device.all_functions ? std::string(part.substr(0, part.size() - 1)) + "0" : std::string(part);
        const auto address = pci::parse_address(text);
        if (!address || devices.size() == devices_max)
            return fail("xen-pciback.hide: '" + printable(part, 64) +
                        "' is not a PCI address such as 0000:00:19.0, 00:19.0 or 03:00.*, as lspci prints it");
        device.address = *address;
        devices.push_back(device);
    }
    return devices;
}

std::string hidden_text(const std::vector<HiddenDevice>& devices) {
    std::string text;
    for (const HiddenDevice& device : devices) {
        std::string address = pci::address_text(device.address);
        if (device.all_functions) address.back() = '*';
        text += "(" + address + ")";
    }
    return text;
}

} // namespace bulkhead::host
