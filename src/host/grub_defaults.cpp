#include "host/grub_defaults.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::host {
namespace {

constexpr const char* xen_variable = "GRUB_CMDLINE_XEN_DEFAULT";
constexpr const char* dom0_variable = "GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT";
constexpr const char* header = "# Written by `bulkhead host boot-options`, which also reads it. Each line adds one "
                               "option to what stands before it.\n";

// Where the words of a variable came from: each assignment brings those that the one before it did not have.
struct Traced {
    std::vector<BootWord> words;
    bool known = true;
    std::string unknown;
};

// A word that an assignment took over from another variable keeps that one's place.
Traced trace(const ShellVariables& variables, const std::string& name, const std::vector<BootWord>& inherited) {
    Traced traced;
    std::vector<BootWord> seen = inherited;
    for (const ShellAssignment& step : variables.history) {
        if (step.name != name) continue;
        traced.words.clear();
        traced.known = step.value.known;
        if (!step.value.known) traced.unknown = step.source + ":" + std::to_string(step.line);
        std::vector<BootWord> left = seen;
        for (const std::string_view word : bulkhead::words(step.value.text)) {
            const auto before =
                std::find_if(left.begin(), left.end(), [&](const BootWord& one) { return one.text == word; });
            if (before != left.end()) {
                traced.words.push_back(*before);
                left.erase(before);
            } else {
                traced.words.push_back({std::string(word), step.source, step.line});
            }
        }
        seen = traced.words;
        seen.insert(seen.end(), inherited.begin(), inherited.end());
    }
    return traced;
}

void append(std::vector<BootWord>& words, bool& known, std::string& unknown, Traced part) {
    words.insert(words.end(), std::make_move_iterator(part.words.begin()), std::make_move_iterator(part.words.end()));
    if (part.known) return;
    known = false;
    if (unknown.empty()) unknown = part.unknown;
}

// NAME, or the variable that replaces it under Xen if that one is not empty.
Traced replaced(const ShellVariables& variables, const std::string& name, const std::string& replacement) {
    Traced plain = trace(variables, name, {});
    Traced other = trace(variables, replacement, plain.words);
    return other.known && other.words.empty() ? plain : other;
}

} // namespace

Result<BootLines> read_boot_lines(const std::vector<ScriptFile>& files) {
    ShellVariables variables;
    for (const ScriptFile& file : files) TRY(read_assignments(file.text, file.path, variables));
    BootLines lines;
    append(lines.xen, lines.xen_known, lines.xen_unknown, trace(variables, "GRUB_CMDLINE_XEN", {}));
    append(lines.xen, lines.xen_known, lines.xen_unknown, trace(variables, xen_variable, {}));
    append(lines.dom0, lines.dom0_known, lines.dom0_unknown,
           replaced(variables, "GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_XEN_REPLACE"));
    append(lines.dom0, lines.dom0_known, lines.dom0_unknown,
           replaced(variables, "GRUB_CMDLINE_LINUX_DEFAULT", dom0_variable));
    lines.notes = std::move(variables.notes);
    return lines;
}

std::string write_own(const OwnOptions& options) {
    if (options.xen.empty() && options.dom0.empty()) return {};
    std::string text = header;
    for (const std::string& word : options.xen)
        text += std::string(xen_variable) + "=\"$" + xen_variable + " " + word + "\"\n";
    for (const std::string& word : options.dom0)
        text +=
            std::string(dom0_variable) + "=\"${" + dom0_variable + ":-$GRUB_CMDLINE_LINUX_DEFAULT} " + word + "\"\n";
    return text;
}

Result<OwnOptions> read_own(std::string_view text, const std::string& path) {
    ShellVariables variables;
    TRY(read_assignments(text, path, variables));
    OwnOptions options;
    for (const auto& [name, words] : {std::pair{xen_variable, &options.xen}, {dom0_variable, &options.dom0}}) {
        const std::string value = variables.get(name).text;
        for (const std::string_view word : bulkhead::words(value)) words->emplace_back(word);
    }
    if (write_own(options) != text)
        return fail(path +
                    " was changed by hand, and its changes would be lost; rename it to a name of yours that ends in "
                    ".cfg, or remove it");
    return options;
}

Status check_boot_word(std::string_view word) {
    constexpr std::string_view others = "-_.,:=+/%@()[]*";
    for (const char c : word) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (plain || others.find(c) != std::string_view::npos) continue;
        return fail("'" + printable(word, 64) + "': the character '" + printable(std::string_view(&c, 1)) +
                    "' would not pass through GRUB unchanged; letters, digits and " + std::string(others) + " do");
    }
    return {};
}

} // namespace bulkhead::host
