#include "cli/verb.hpp"

#include "base/log.hpp"
#include "base/nearest.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>

namespace bulkhead::cli {
namespace {

std::string called_as = "bulkhead"; // NOLINT(cert-err58-cpp): short enough to need no memory

const Option* find_option(const Verb& verb, std::string_view name) {
    const auto found = std::find_if(verb.options.begin(), verb.options.end(),
                                    [name](const Option& option) { return name == option.name; });
    return found == verb.options.end() ? nullptr : &*found;
}

const Option* find_option(const Verb& verb, char letter) {
    const auto found = std::find_if(verb.options.begin(), verb.options.end(),
                                    [letter](const Option& option) { return option.letter == letter; });
    return found == verb.options.end() ? nullptr : &*found;
}

tl::unexpected<Error> unknown_option(const Verb& verb, const std::string& typed) {
    std::vector<std::string> names;
    for (const Option& option : verb.options) names.push_back(std::string("--") + option.name);
    const auto near = nearest(typed, names);
    return usage_error(std::string(verb.name) + ": unknown option '" + typed + "'" +
                       (near ? "; did you mean " + *near + "?" : "") + " (see: " + program_name() + " help " +
                       verb.name + ")");
}

} // namespace

bool Arguments::has(std::string_view name) const {
    return options_.contains(name);
}

std::optional<std::string> Arguments::value(std::string_view name) const {
    const auto found = options_.find(name);
    if (found == options_.end() || found->second.empty()) return std::nullopt;
    return found->second.back();
}

std::vector<std::string> Arguments::values(std::string_view name) const {
    const auto found = options_.find(name);
    return found == options_.end() ? std::vector<std::string>{} : found->second;
}

tl::unexpected<Error> usage_error(std::string message) {
    return fail(std::move(message), usage_code);
}

Result<Arguments> parse_arguments(const Verb& verb, const std::vector<std::string>& words) {
    Arguments arguments;
    bool options_end = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (options_end || word.size() < 2 || word[0] != '-') {
            arguments.positional_.push_back(word);
            options_end = options_end || verb.all_after_first;
            continue;
        }
        if (word == "--") {
            options_end = true;
            continue;
        }
        const bool is_long = word[1] == '-';
        const std::size_t equals = is_long ? word.find('=') : std::string::npos;
        // Letters may stand together (-cp); the one that takes an argument takes the rest of the word, or the next.
        for (std::size_t at = is_long ? 2 : 1; at < word.size(); ++at) {
            const Option* option =
                is_long ? find_option(
                              verb, std::string_view(word).substr(2, equals == std::string::npos ? equals : equals - 2))
                        : find_option(verb, word[at]);
            if (option == nullptr)
                return unknown_option(verb, is_long ? word.substr(0, equals) : "-" + word.substr(at, 1));
            auto& values = arguments.options_[option->name];
            if (option->argument == nullptr) {
                if (equals != std::string::npos) {
                    return usage_error(std::string(verb.name) + ": --" + option->name + " takes no value");
                }
            } else if (equals != std::string::npos) {
                values.push_back(word.substr(equals + 1));
            } else if (!is_long && at + 1 < word.size()) {
                values.push_back(word.substr(at + 1));
                break;
            } else if (i + 1 < words.size()) {
                values.push_back(words[++i]);
                break;
            } else {
                return usage_error(std::string(verb.name) + ": --" + option->name + " needs " + option->argument);
            }
            if (is_long) break;
        }
    }
    const std::size_t count = arguments.positional_.size();
    if (count < verb.least || count > verb.most) {
        return usage_error(std::string(verb.name) + ": " +
                           (count < verb.least ? "something is missing"
                                               : "too many arguments: '" + arguments.positional_[verb.most] + "'") +
                           "\nusage: " + program_name() + " " + verb.name + (*verb.usage != '\0' ? " " : "") +
                           verb.usage);
    }
    return arguments;
}

const std::string& program_name() {
    return called_as;
}

void set_program_name(std::string name) {
    called_as = std::move(name);
}

Match find_verb(const std::vector<std::string>& words) {
    Match best;
    for (const Group& group : groups()) {
        for (const Verb& verb : group.verbs) {
            const auto name = bulkhead::words(verb.name);
            if (name.size() <= best.words || name.size() > words.size()) continue;
            if (std::equal(name.begin(), name.end(), words.begin())) best = {&verb, name.size()};
        }
    }
    return best;
}

Result<int> run_verb(const Verb& verb, const std::vector<std::string>& words_behind_its_name) {
    return verb.run(TRY(parse_arguments(verb, words_behind_its_name)));
}

int exit_status(const Error& error) {
    return error.code == usage_code ? 2 : 1;
}

int run_to_end(const std::function<int()>& work) {
    try {
        const int status = work();
        // Results that could not be written were not delivered: a full disk or a closed pipe is a failure.
        if (std::fflush(stdout) != 0 && status == 0) return 1;
        return status;
    } catch (const std::exception& error) { // memory exhausted, or a fault in a library
        log::error(std::string("internal error: ") + error.what());
        return 1;
    }
}

} // namespace bulkhead::cli
