#include "base/log.hpp"

#include "base/file.hpp"

#include <string>
#include <unistd.h>

namespace bulkhead::log {
namespace {

struct {
    std::string program = "bulkhead";
    Level level = Level::info;
    bool journal = false;
} settings;

void line(Level level, std::string_view word, std::string_view message) {
    if (level > settings.level) return;
    std::string text;
    if (settings.journal) text = "<" + std::to_string(static_cast<int>(level)) + ">";
    text.append(settings.program).append(": ").append(word).append(message).append("\n");
    (void)write_all(STDERR_FILENO, text); // nowhere left to report a failure
}

} // namespace

void configure(std::string_view program, Level level, bool journal) {
    settings.program = program;
    settings.level = level;
    settings.journal = journal;
}

void error(std::string_view message) {
    line(Level::error, "error: ", message);
}
void warning(std::string_view message) {
    line(Level::warning, "warning: ", message);
}
void info(std::string_view message) {
    line(Level::info, "", message);
}
void debug(std::string_view message) {
    line(Level::debug, "debug: ", message);
}

} // namespace bulkhead::log
