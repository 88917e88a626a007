// The variables that a file of shell assignments sets, such as /etc/default/grub, understood as data: nothing is run.
// Quotes, comments, line continuations and the expansions $NAME, ${NAME}, ${NAME:-word}, ${NAME-word}, ${NAME:+word}
// and
// ${NAME+word} are as POSIX says (Shell Command Language, sections 2.2 and 2.6). Whatever depends on a command, a
// condition or the environment is known to be unknown. Pure.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

struct ShellValue {
    std::string text;
    bool known = true; // false: `text` is what is certain of it, and only a shell could tell the rest
    bool operator==(const ShellValue&) const = default;
};

// One assignment, in the order in which a shell would make them.
struct ShellAssignment {
    std::string name;
    ShellValue value;
    std::string source; // the file
    unsigned line = 0;  // of the assignment's first character; 1 is the first line
};

struct ShellVariables {
    std::map<std::string, ShellValue, std::less<>> values;
    std::vector<ShellAssignment> history;
    std::vector<std::string> notes; // "FILE:LINE: ...": commands that may set variables unseen

    // A variable whose name begins with GRUB_ and is not set is known to be empty, any other comes from the
    // environment.
    [[nodiscard]] ShellValue get(std::string_view name) const;
};

constexpr std::size_t script_size_max = 256 * 1024;
constexpr std::size_t shell_value_max = 64 * 1024;

// Goes through the file as `. FILE` would after what `variables` holds already. Errors, "SOURCE:LINE: ...": what a
// shell would refuse (a quote that is not closed, a NUL byte), a quote inside ${...}, more than the bounds above, and
// expansions more than 32 deep.
Status read_assignments(std::string_view text, const std::string& source, ShellVariables& variables);

} // namespace bulkhead::host
