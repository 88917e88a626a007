// The one table that describes every verb: its name, options and text. Dispatch, `help`, the man page and the shell
// completion all read it, so they cannot disagree.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::cli {

struct Option {
    char letter = 0;                // 0: long form only
    const char* name = "";          // without the dashes
    const char* argument = nullptr; // nullptr: a flag
    const char* text = "";
    const char* values = nullptr; // all that the argument may be, by blanks, where that is known; for completion
};

inline constexpr Option json_option = {0, "json", nullptr, "print JSON"}; // of most verbs

// What the user typed after the verb, checked against the verb's options.
class Arguments {
public:
    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] std::optional<std::string> value(std::string_view name) const; // the last one given
    [[nodiscard]] std::vector<std::string> values(std::string_view name) const;  // all, in order
    [[nodiscard]] const std::vector<std::string>& positional() const { return positional_; }

private:
    friend Result<Arguments> parse_arguments(const struct Verb&, const std::vector<std::string>&);
    std::map<std::string, std::vector<std::string>, std::less<>> options_;
    std::vector<std::string> positional_;
};

constexpr std::size_t any_number = static_cast<std::size_t>(-1);

struct Verb {
    const char* name;            // "create", or two words: "lab up"
    const char* usage;           // "FILE [VARIABLE=VALUE...]"
    const char* summary;         // one line, no full stop
    const char* text;            // paragraphs for `help VERB` and the man page; may be empty
    std::vector<Option> options; // every verb also takes -h, --help
    std::size_t least;           // how many positional arguments
    std::size_t most;
    Result<int> (*run)(const Arguments&); // the value is the exit status
    bool all_after_first = false;         // options end at the first positional argument (a command to pass on)
};

// Error codes that main() turns into an exit status of 2.
constexpr int usage_code = -2;
[[nodiscard]] tl::unexpected<Error> usage_error(std::string message);

Result<Arguments> parse_arguments(const Verb& verb, const std::vector<std::string>& words);

// The groups, each in a file of its own.
const std::vector<Verb>& domain_verbs();
const std::vector<Verb>& save_verbs();
const std::vector<Verb>& host_start_verbs();
const std::vector<Verb>& kept_verbs();
const std::vector<Verb>& network_verbs();
const std::vector<Verb>& block_verbs();
const std::vector<Verb>& disk_verbs();
const std::vector<Verb>& pci_verbs();
const std::vector<Verb>& usb_verbs();
const std::vector<Verb>& tuning_verbs();
const std::vector<Verb>& xsm_verbs();
const std::vector<Verb>& cpupool_verbs();
const std::vector<Verb>& guest_verbs();
const std::vector<Verb>& hypervisor_verbs();
const std::vector<Verb>& top_verbs();
const std::vector<Verb>& driverdomain_verbs();
const std::vector<Verb>& host_verbs();
const std::vector<Verb>& image_verbs();
const std::vector<Verb>& policy_verbs();
const std::vector<Verb>& policy_state_verbs();
const std::vector<Verb>& acm_policy_verbs();
const std::vector<Verb>& acm_label_verbs();
const std::vector<Verb>& measure_verbs();
const std::vector<Verb>& measure_part_verbs();
const std::vector<Verb>& quote_verbs();
const std::vector<Verb>& seal_verbs();
const std::vector<Verb>& attest_verbs();
const std::vector<Verb>& lab_verbs();
const std::vector<Verb>& help_verbs();

struct Group {
    const char* title;
    const std::vector<Verb>& verbs;
};
const std::vector<Group>& daemon_groups(); // whatever needs nothing but bulkheadd
const std::vector<Group>& groups();        // of this program: all, or in quick_main.cpp the daemon's

// The verb that the words begin with (the longest name wins) and how many words its name took; nullptr if none.
struct Match {
    const Verb* verb = nullptr;
    std::size_t words = 0;
};
Match find_verb(const std::vector<std::string>& words);

// Of what main() may return: the verb's own status, or for its error 2 (wrong usage) or 1.
Result<int> run_verb(const Verb& verb, const std::vector<std::string>& words_behind_its_name);
int exit_status(const Error& error);
// main()'s work, and what follows it whatever it was: its status, unless standard output could not be written.
int run_to_end(const std::function<int()>& work);

// The name that the user knows this program by, for texts: bulkhead, or xm. Set once, by main().
const std::string& program_name();
void set_program_name(std::string name);

} // namespace bulkhead::cli
