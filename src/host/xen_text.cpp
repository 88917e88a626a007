#include "host/xen_text.hpp"

#include "base/text.hpp"

namespace bulkhead::host {
namespace {

bool is_number(std::string_view text) {
    return parse_unsigned(text, 10'000).has_value();
}

} // namespace

Result<XenInfo> parse_xen_info(std::string_view text) {
    XenInfo info;
    std::string major, minor;
    for (const std::string_view line : split(text, '\n')) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view key = trim(line.substr(0, colon));
        const std::string value = printable(trim(line.substr(colon + 1)), 4096);
        if (key == "xen_major" && is_number(value)) major = value;
        if (key == "xen_minor" && is_number(value)) minor = value;
        if (key == "virt_caps") info.virt_caps = value;
        if (key == "xen_commandline") info.command_line = value;
    }
    if (major.empty() || minor.empty()) return fail("xl info does not tell Xen's version");
    info.version = major + "." + minor;
    return info;
}

XenLog parse_xen_log(std::string_view text) {
    constexpr std::size_t ignored_max = 16;
    XenLog log;
    for (const std::string_view line : split(text, '\n')) {
        const auto has = [&](std::string_view part) { return line.find(part) != std::string_view::npos; };
        if (has("I/O virtualisation enabled")) log.iommu = true;
        if (has("I/O virtualisation disabled")) log.iommu = false;
        if (has("Interrupt remapping enabled")) log.interrupt_remapping = true;
        if (has("Interrupt remapping disabled")) log.interrupt_remapping = false;
        const bool refused = has("parameter \"") && (has("\" unknown!") || has("\" has invalid value \""));
        if (refused && log.ignored.size() < ignored_max)
            log.ignored.push_back(printable(trim(line.substr(line.find("parameter \""))), 256));
    }
    return log;
}

} // namespace bulkhead::host
