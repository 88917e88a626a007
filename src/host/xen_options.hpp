// Xen's boot options on x86: the table and the check. Xen says no more about an option that it does not know, or a
// value that it cannot read, than a line in a log that few people see, so whoever writes the command line must check
// it. Facts: docs/misc/xen-command-line.pandoc of Xen 4.17.7, and the functions that read the values where the document
// is silent. Pure.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

enum class Kind {
    boolean, // also without a value, and as "no-NAME"
    integer,
    size,
    words,   // one item of `form` (value_form.hpp)
    list,    // items of `form` with commas between them
    numbers, // integers with commas between them, each of which may be missing
    text,    // anything that can stand on a command line
    memory,  // dom0_mem
    vcpus,   // dom0_max_vcpus
    serial,  // com1, com2
    level,   // loglvl
    cpufreq,
};

struct XenOption {
    const char* name = "";
    Kind kind = Kind::boolean;
    const char* form = "";
    const char* since = "4.2"; // the first release whose documentation has it; "4.2": that one or an older one
    unsigned longest = 127;    // characters of the value that Xen keeps
    bool bare = false;         // may stand without a value, like a boolean
};

std::span<const XenOption> xen_options(); // sorted by name
const XenOption* find_xen_option(std::string_view name);
// For a name that guides and older documents have but Xen 4.17 on x86 does not: what to write instead. Otherwise
// nullptr.
const char* why_no_option(std::string_view name);

// Xen reads each option into 128 bytes (MAX_PARAM_SIZE) and cuts off the rest.
constexpr std::size_t option_length_max = 127;

// "NAME=VALUE", "NAME" or "no-NAME" as it would stand on the command line. The error says what is wrong, what Xen would
// make of it, and what may have been meant.
Status check_xen_option(std::string_view word);

// What a word on a command line means: its name without "no-", and the value, if it has one. A "no-" option has the
// value "no".
struct NamedValue {
    std::string name;
    std::optional<std::string> value;
    bool operator==(const NamedValue&) const = default;
};
NamedValue xen_named_value(std::string_view word);

} // namespace bulkhead::host
