// Why a lab died, read from its logs. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::lab {

// One sentence for what killed Xen or dom0, from the machine's console: the last thing that counts as fatal. Nothing
// when the text shows no such thing.
std::optional<std::string> find_fatal(std::string_view console);

// The last `count` lines that are not empty, made safe to print.
std::vector<std::string> last_lines(std::string_view text, std::size_t count);

struct LogTexts {
    std::string console, guests, qemu; // their ends
};
// The whole message: the reason and the ends of the logs that have something to say.
std::string explain_death(const LogTexts& logs);

} // namespace bulkhead::lab
