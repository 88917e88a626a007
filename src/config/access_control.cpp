#include "config/access_control.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::config {
namespace {

constexpr std::size_t word_max = 255; // bytes; names of labels are no longer (policy/names.hpp)

tl::unexpected<Error> bad(std::string_view text, const std::string& why) {
    return fail("Invalid access_control specifier: '" + printable(text, 128) + "': " + why +
                "; it must be like 'policy=mytest,label=A-Bank'");
}

} // namespace

Result<bool> set_label_word(std::string_view key, std::string_view value, xen::LabelSpec& label) {
    std::string* target = key == "policy"    ? &label.policy
                          : key == "label"   ? &label.label
                          : key == "version" ? &label.version
                                             : nullptr;
    if (target == nullptr) return false;
    const bool clean = std::all_of(value.begin(), value.end(), [](char c) {
        return c > ' ' && c < 0x7f && std::string_view(":,='\"\\`").find(c) == std::string_view::npos;
    });
    if (value.empty() || value.size() > word_max || !clean)
        return fail(std::string(key) + ": '" + printable(value, 64) + "' cannot be its name");
    if (!target->empty()) return fail(std::string(key) + ": is there twice");
    *target = value;
    return true;
}

Result<xen::LabelSpec> parse_access_control(std::string_view text) {
    xen::LabelSpec label;
    for (const std::string_view part : split(text, ',')) {
        const std::string_view word = trim(part);
        const std::size_t equals = word.find('=');
        if (equals == std::string_view::npos) return bad(text, "'" + printable(word, 64) + "' is not KEY=VALUE");
        const std::string_view key = trim(word.substr(0, equals));
        const std::string_view value = trim(word.substr(equals + 1));
        if (key == "type" || key == "policytype") {
            if (value != "ACM") return fail("Policy type '" + printable(value, 64) + "' must be changed.");
            continue;
        }
        const Result<bool> set = set_label_word(key, value, label);
        if (!set) return bad(text, set.error().message);
        if (!*set) return bad(text, "unknown word '" + printable(key, 64) + "'");
    }
    if (label.policy.empty() || label.label.empty())
        return fail("VM label '" + printable(text, 128) + "' in wrong format.");
    return label;
}

std::string print_access_control(const xen::LabelSpec& label) {
    return "policy=" + label.policy + ",label=" + label.label +
           (label.version.empty() ? "" : ",version=" + label.version);
}

} // namespace bulkhead::config
