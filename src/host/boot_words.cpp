#include "host/boot_words.hpp"

#include "base/text.hpp"
#include "host/value_form.hpp"
#include "host/xen_options.hpp"

namespace bulkhead::host {
namespace {

// The last thing that iommu= says about `item`; an empty name is the option as a whole.
bool switched_off(std::string_view line, std::string_view item) {
    bool off = false;
    for (const std::string_view word : words(line)) {
        const NamedValue named = xen_named_value(word);
        if (named.name != "iommu" || !named.value) continue;
        for (const std::string_view part : split(*named.value, ',')) {
            if (item.empty()) {
                if (const auto on = parse_bool(part)) off = !*on;
            } else if (part == item || part == "no-" + std::string(item)) {
                off = part != item;
            } else if (part.starts_with(item) && part.substr(item.size()).starts_with('=')) {
                if (const auto on = parse_bool(part.substr(item.size() + 1))) off = !*on;
            }
        }
    }
    return off;
}

} // namespace

std::string xen_words(std::string_view line, std::string_view name) {
    std::string found;
    for (const std::string_view word : words(line)) {
        if (xen_named_value(word).name == name) found += (found.empty() ? "" : " ") + std::string(word);
    }
    return found;
}

bool iommu_switched_off(std::string_view line) {
    return switched_off(line, "");
}

bool interrupts_switched_off(std::string_view line) {
    return switched_off(line, "intremap");
}

} // namespace bulkhead::host
