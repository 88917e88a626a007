#include "cli/completion.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace bulkhead::cli {
namespace {

// The shell's words; the last one, perhaps empty, is the one at the cursor. Quotes need not be closed there.
std::vector<std::string> shell_words(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool inside = false; // of a word: quotes may make an empty one
    char quote = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
            word += line[++i];
            inside = true;
        } else if (quote != 0 ? c == quote : c == '\'' || c == '"') {
            quote = quote != 0 ? '\0' : c;
            inside = true;
        } else if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
            if (inside) words.push_back(std::exchange(word, ""));
            inside = false;
        } else {
            word += c;
            inside = true;
        }
    }
    words.push_back(std::move(word));
    return words;
}

// "[--kernel FILE]" and all else that is an option's is not positional.
std::vector<std::string> positional_words(std::string_view usage) {
    std::vector<std::string> found;
    bool of_option = false;
    for (const std::string_view word : words(usage)) {
        if (word == "|") break; // another form of the verb, without positional arguments
        const std::string_view bare = word.substr(std::min(word.find_first_not_of('['), word.size()));
        if (!std::exchange(of_option, bare.starts_with("--") && !bare.ends_with(']')) && !bare.starts_with("--"))
            found.emplace_back(bare);
    }
    return found;
}

bool is_any(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

Kind kind_of(const Verb& verb, std::string_view word) {
    const std::string_view name = verb.name;
    const std::string_view first = word.substr(0, word.find_first_of("|[],=."));
    const bool in_lab = name.starts_with("lab ");
    if (first == "DOMAIN") {
        if (in_lab) return Kind::other; // one of the lab's, which another toolstack holds
        return name.starts_with("driverdomain ") ? Kind::driver_domain : Kind::domain;
    }
    if (is_any(first, {"FILE", "LOG", "A", "B", "OLD", "NEW", "SOURCE", "TARGET"})) return Kind::file;
    if (is_any(first, {"DIR", "FOLDER"})) return Kind::folder;
    if (first == "NUMBER") return Kind::vif;
    if (first == "ADDRESS") {
        if (name == "pci-detach") return Kind::domain_pci;
        return name == "pci-assignable-add" ? Kind::dom0_pci : Kind::assignable;
    }
    if (first == "KEY") return Kind::vif_keys;
    if (first == "VERB") return Kind::verb;
    return Kind::other;
}

constexpr std::array vif_keys = {"backend=", "bridge=", "devid=", "gatewaydev=", "ip=",   "mac=",
                                 "model=",   "mtu=",    "rate=",  "script=",     "type=", "vifname="};

// Takes what begins as `typed` does.
class Collector {
public:
    explicit Collector(std::string typed) : typed_(std::move(typed)) {}

    void add(std::string word) {
        if (word.starts_with(typed_)) found_.words.push_back(std::move(word));
    }
    // Of a list by commas only the last element is at the cursor.
    void add_to_list(std::string_view values) {
        const std::size_t comma = typed_.rfind(',');
        const std::string before = comma == std::string::npos ? "" : typed_.substr(0, comma + 1);
        for (const std::string_view value : words(values)) add(before + std::string(value));
    }
    void add_kind(Kind kind, const std::string& domain, const std::string& before, const Lookup& look_up) {
        if (kind == Kind::file) {
            found_.files = true;
        } else if (kind == Kind::folder) {
            found_.folders = true;
        } else if (kind == Kind::vif_keys) {
            if (typed_.starts_with("backend=")) return add_kind(Kind::driver_domain, "", "backend=", look_up);
            if (typed_.starts_with("script=")) found_.files = true;
            for (const char* key : vif_keys) add(key);
        } else if (kind != Kind::other && kind != Kind::verb) {
            for (const std::string& word : look_up(kind, domain)) add(before + word);
        }
    }
    [[nodiscard]] Completions take() {
        std::sort(found_.words.begin(), found_.words.end());
        found_.words.erase(std::unique(found_.words.begin(), found_.words.end()), found_.words.end());
        return std::move(found_);
    }

private:
    std::string typed_;
    Completions found_;
};

// The next word of every verb whose name begins with the whole words before it.
void add_verbs(Collector& found, const std::vector<std::string>& before) {
    for (const Group& group : groups()) {
        for (const Verb& verb : group.verbs) {
            const auto name = words(verb.name);
            if (name.size() > before.size() && std::equal(before.begin(), before.end(), name.begin()))
                found.add(std::string(name[before.size()]));
        }
    }
}

void add_options(Collector& found, const Verb& verb) {
    found.add("--help");
    for (const Option& option : verb.options) found.add(std::string("--") + option.name);
}

void add_argument_of(Collector& found, const Verb& verb, const Option& option, const std::string& before,
                     const Lookup& look_up) {
    if (option.values != nullptr) {
        for (const std::string_view value : words(option.values)) found.add(before + std::string(value));
        found.add_to_list(option.values);
    }
    found.add_kind(option_kind(verb, option), "", before, look_up);
}

const Option* option_named(const Verb& verb, std::string_view word) {
    for (const Option& option : verb.options) {
        if (word == std::string("--") + option.name || (option.letter != 0 && word == std::string{'-', option.letter}))
            return &option;
    }
    return nullptr;
}

} // namespace

Kind positional_kind(const Verb& verb, std::size_t index) {
    const auto wanted = positional_words(verb.usage);
    if (wanted.empty()) return Kind::other;
    if (index < wanted.size()) return kind_of(verb, wanted[index]);
    return wanted.back().find("...") != std::string::npos ? kind_of(verb, wanted.back()) : Kind::other;
}

Kind option_kind(const Verb& verb, const Option& option) {
    if (option.argument == nullptr) return Kind::other;
    if (std::string_view(verb.name).starts_with("lab ") && std::string_view(option.name) == "name") return Kind::lab;
    return kind_of(verb, option.argument);
}

Completions complete(std::string_view line, const Lookup& look_up) {
    if (line.size() > line_max) return {};
    std::vector<std::string> before = shell_words(line);
    const std::string typed = before.back();
    before.pop_back();
    if (before.empty()) return {}; // still at the program's own name
    before.erase(before.begin());
    Collector found(typed);

    const Match match = find_verb(before);
    // "driverdomain" alone, or a verb whose name is also the beginning of others.
    if (match.verb == nullptr || before.size() == match.words) add_verbs(found, before);
    if (match.verb == nullptr) {
        if (before.empty() && typed.starts_with('-')) {
            for (const char* word : {"--help", "--version"}) found.add(word);
        }
        return found.take();
    }
    const Verb& verb = *match.verb;
    before.erase(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(match.words));

    // As parse_arguments() reads them.
    std::vector<std::string> positional;
    const Option* wants = nullptr; // the option whose argument comes next
    bool options_end = false;
    for (const std::string& word : before) {
        if (std::exchange(wants, nullptr) != nullptr) continue;
        if (options_end || word.size() < 2 || word[0] != '-') {
            positional.push_back(word);
            options_end = options_end || verb.all_after_first;
        } else if (word == "--") {
            options_end = true;
        } else if (const Option* option = option_named(verb, word); option != nullptr && option->argument != nullptr) {
            wants = option;
        }
    }
    if (wants != nullptr) {
        add_argument_of(found, verb, *wants, "", look_up);
        return found.take();
    }
    if (!options_end && typed.starts_with('-')) {
        const std::size_t equals = typed.find('=');
        if (equals == std::string::npos) {
            add_options(found, verb);
        } else if (const Option* option = option_named(verb, typed.substr(0, equals)); option != nullptr) {
            add_argument_of(found, verb, *option, typed.substr(0, equals + 1), look_up);
        }
        return found.take();
    }
    if (positional.size() >= verb.most) return found.take();
    const Kind kind = positional_kind(verb, positional.size());
    if (kind == Kind::verb || positional_kind(verb, 0) == Kind::verb) {
        add_verbs(found, positional);
    } else {
        found.add_kind(kind, positional.empty() ? "" : positional[0], "", look_up);
    }
    return found.take();
}

} // namespace bulkhead::cli
