#include "cli/progress_bar.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <unistd.h>
#include <vector>

namespace bulkhead::cli {

std::string bar(std::string_view text) {
    constexpr std::size_t width = 40;
    const std::vector<std::string_view> words = split(text, ' ');
    if (words.size() != 4 || words[1] != "of" || words[3] != "MiB") return "";
    const auto done = parse_unsigned(words[0]);
    const auto total = parse_unsigned(words[2]);
    if (!done || !total || *done > *total) return "";
    const std::size_t filled = *total == 0 ? width : static_cast<std::size_t>(*done * width / *total);
    std::string line = "[" + std::string(filled, '=') + std::string(width - filled, ' ') + "] ";
    return line.append(text);
}

ProgressBar::ProgressBar() : terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
    if (drawn_) (void)write_all(STDERR_FILENO, "\n");
}

void ProgressBar::show(const std::string& text) {
    const std::string drawing = bar(text);
    if (!drawing.empty() && !terminal_) return;
    std::string line;
    if (drawing.empty()) {
        if (std::exchange(drawn_, false)) line = "\n";
        line += "bulkhead: " + printable(text, 2000) + "\n";
    } else {
        drawn_ = true;
        line = "\r" + drawing + "\x1b[K";
    }
    (void)write_all(STDERR_FILENO, line);
}

} // namespace bulkhead::cli
