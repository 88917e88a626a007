#include "lab/diagnose.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::lab {
namespace {

constexpr std::size_t line_limit = 300;

std::string_view after(std::string_view line, std::string_view mark) {
    return trim(line.substr(line.find(mark) + mark.size()));
}

bool has(std::string_view line, std::string_view text) {
    return line.find(text) != std::string_view::npos;
}

// QEMU warns about each feature of the CPU model that its emulator lacks, at every start.
std::string without_noise(std::string_view qemu) {
    std::string kept;
    for (const std::string_view line : split(qemu, '\n')) {
        if (!has(line, "warning: TCG doesn't support requested feature")) kept.append(line).append("\n");
    }
    return kept;
}

} // namespace

std::optional<std::string> find_fatal(std::string_view console) {
    std::optional<std::string> cause;
    std::vector<std::string_view> lines = split(console, '\n');
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::string_view line = lines[i];
        if (has(line, "(XEN) Panic on CPU")) {
            // The reason stands on the next line: "(XEN) FATAL TRAP: vector = 6 (invalid opcode)".
            std::string_view reason = i + 1 < lines.size() ? trim(lines[i + 1]) : std::string_view();
            if (reason.substr(0, 5) == "(XEN)") reason = trim(reason.substr(5));
            cause = "Xen panicked: " + printable(reason, line_limit);
        } else if (has(line, "(XEN) Hardware Dom0 crashed") || has(line, "(XEN) Dom0 crashed")) {
            if (!cause) cause = "dom0 crashed";
        } else if (has(line, "Kernel panic - not syncing: ")) {
            cause = "dom0's kernel panicked: " + printable(after(line, "not syncing: "), line_limit);
        } else if (has(line, "lab-init: error: ")) {
            cause = "dom0's init failed: " + printable(after(line, "error: "), line_limit);
            if (i + 1 < lines.size() && has(lines[i + 1], "Kernel panic")) ++i; // only its consequence
        }
    }
    return cause;
}

std::vector<std::string> last_lines(std::string_view text, std::size_t count) {
    std::vector<std::string> found;
    const std::vector<std::string_view> lines = split(text, '\n');
    for (auto line = lines.rbegin(); line != lines.rend() && found.size() < count; ++line) {
        if (!trim(*line).empty()) found.push_back(printable(trim(*line), line_limit));
    }
    std::reverse(found.begin(), found.end());
    return found;
}

std::string explain_death(const LogTexts& logs) {
    const auto fatal = find_fatal(logs.console);
    const std::string qemu_text = without_noise(logs.qemu);
    const auto qemu = last_lines(qemu_text, 1);
    std::string text;
    if (fatal) {
        text = *fatal;
    } else if (has(logs.console, "stage poweroff") || has(logs.console, "reboot: Power down")) {
        text = "dom0 powered the machine off";
    } else if (!qemu.empty()) {
        text = "QEMU ended: " + qemu[0];
    } else {
        text = "QEMU ended without a word (killed from outside?)";
    }
    const auto add = [&text](const char* title, const std::vector<std::string>& lines) {
        if (lines.empty()) return;
        text += std::string("\n  ") + title;
        for (const std::string& line : lines) text += "\n    " + line;
    };
    add("last lines of Xen's and dom0's console:", last_lines(logs.console, 12));
    add("last lines of the guests' consoles:", last_lines(logs.guests, 8));
    add("QEMU's messages:", last_lines(qemu_text, 5));
    return text;
}

} // namespace bulkhead::lab
