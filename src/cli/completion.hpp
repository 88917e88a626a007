// What may stand at the cursor of a half-typed command line, from the table of verbs. Pure: what only the host knows
// (names of domains, addresses of devices) is looked up by the caller.
#pragma once

#include "cli/verb.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::cli {

// What an argument names. Derived from the words of a verb's usage, and of its options' arguments.
enum class Kind {
    other, // a text that nobody can guess
    file,
    folder,
    verb,
    vif_keys, // KEY=VALUE of xl-network-configuration(5)
    // Looked up:
    domain,
    driver_domain,
    vif,        // of the domain before it: a device number
    dom0_pci,   // dom0's PCI devices, which are not assignable
    assignable, // assignable PCI devices
    domain_pci, // PCI devices of the domain before it
    lab,        // a lab's name
};

// What the positional argument `index` (from 0) of the verb is; `other` behind the last one.
Kind positional_kind(const Verb& verb, std::size_t index);
Kind option_kind(const Verb& verb, const Option& option);

// The names of this kind, in any order; `domain`: what was typed before, for the kinds that belong to a domain.
// What cannot be found is left out without a word.
using Lookup = std::function<std::vector<std::string>(Kind kind, const std::string& domain)>;

struct Completions {
    std::vector<std::string> words; // whole words that begin as the typed one does; sorted, each once
    bool files = false;             // and names of files, which the shell knows best
    bool folders = false;           // and names of folders
};

constexpr std::size_t line_max = 64 * 1024; // bytes; longer lines are not completed

// `line`: from the program's name to the cursor, quoted as for the shell.
Completions complete(std::string_view line, const Lookup& look_up);

} // namespace bulkhead::cli
