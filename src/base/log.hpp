// Messages for people, on stderr. Under systemd each line carries its sd-daemon(3) priority prefix, so that journald
// sorts them; in a service VM stderr is the console.
#pragma once

#include <string_view>

namespace bulkhead::log {

enum class Level { error = 3, warning = 4, info = 6, debug = 7 }; // syslog(3) priorities

// Lines above `level` are dropped; default info. `journal` turns the <N> prefix on.
void configure(std::string_view program, Level level, bool journal);

void error(std::string_view message);
void warning(std::string_view message);
void info(std::string_view message);
void debug(std::string_view message);

} // namespace bulkhead::log
