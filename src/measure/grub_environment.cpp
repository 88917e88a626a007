#include "measure/grub_environment.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::measure::grub {
namespace {

constexpr std::size_t most_arguments = 4096;
constexpr std::string_view block_header = "# GRUB Environment Block\n";

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

// \xHH passes through quoting untouched (since 2.00: for names that no encoding can express).
bool hex_escape(std::string_view text, std::size_t at) {
    return at + 3 < text.size() && text[at] == '\\' && text[at + 1] == 'x' && hex_digit(text[at + 2]) >= 0 &&
           hex_digit(text[at + 3]) >= 0;
}

// So that quoted text survives the removal of backslashes at the end, and is no pattern.
std::string escape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (hex_escape(text, i)) {
            out.append(text.substr(i, 4));
            i += 3;
            continue;
        }
        if (text[i] == '*' || text[i] == '\\' || text[i] == '?') out.push_back('\\');
        out.push_back(text[i]);
    }
    return out;
}

std::string escape_unquoted_value(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') {
            out.push_back('\\');
            if (i + 1 < text.size() && (text[i + 1] == '?' || text[i + 1] == '*')) out.push_back('\\');
        }
        out.push_back(text[i]);
    }
    return out;
}

std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (hex_escape(text, i)) {
            out.append(text.substr(i, 4));
            i += 3;
        } else if (text[i] == '\\' && i + 1 < text.size()) {
            out.push_back(text[++i]);
        } else if (text[i] != '\\') {
            out.push_back(text[i]);
        }
    }
    return out;
}

bool is_pattern(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\')
            ++i;
        else if (text[i] == '*' || text[i] == '?')
            return true;
    }
    return false;
}

// Arguments that grow piece by piece; an argument that nothing was added to does not exist. They take from `room`, each
// one byte and those of its text; without room, or when they are too many, they are full and grow no more.
class Arguments {
public:
    explicit Arguments(std::size_t& room) : room_(room) {}
    void next() {
        if (!arguments_.empty() && !arguments_.back()) return;
        full_ = full_ || arguments_.size() > most_arguments;
        if (take_room(1)) arguments_.emplace_back();
    }
    void append(std::string_view text) {
        if (!take_room(text.size())) return;
        if (arguments_.empty()) arguments_.emplace_back();
        if (!arguments_.back()) arguments_.back().emplace();
        arguments_.back()->append(text);
    }
    // The value of an unquoted variable: blanks part arguments, blanks at its front leave an empty one.
    void append_split(std::string_view value) {
        while (!value.empty() && !full_) {
            const auto end = std::find_if(value.begin(), value.end(), is_blank);
            const auto length = static_cast<std::size_t>(end - value.begin());
            append(escape_unquoted_value(value.substr(0, length)));
            value.remove_prefix(length);
            const auto more = std::find_if_not(value.begin(), value.end(), is_blank);
            value.remove_prefix(static_cast<std::size_t>(more - value.begin()));
            if (!value.empty()) next();
        }
    }
    std::vector<std::optional<std::string>> take() { return std::move(arguments_); }
    [[nodiscard]] bool full() const { return full_; }
    [[nodiscard]] std::size_t room() const { return room_; }

private:
    bool take_room(std::size_t bytes) {
        full_ = full_ || bytes > room_;
        if (!full_) room_ -= bytes;
        return !full_;
    }
    std::size_t& room_;
    bool full_ = false;
    std::vector<std::optional<std::string>> arguments_;
};

bool special(const std::string& name) {
    return name == "#" || name == "*" || name == "@" || (name[0] >= '0' && name[0] <= '9');
}

// $1, $#, $@, $*.
void append_parameters(Arguments& out, const Environment& environment, const std::string& name, bool quoted) {
    const auto put = [&](const std::string& value) {
        if (quoted)
            out.append(escape(value));
        else
            out.append_split(value);
    };
    if (!environment.parameters) {
        out.append(""); // what grub_script_env_get() gives outside any function
        return;
    }
    const std::vector<std::string>& all = *environment.parameters;
    if (name == "#") {
        put(std::to_string(all.size()));
    } else if (name == "*" || name == "@") {
        for (std::size_t i = 0; i < all.size() && !out.full(); ++i) {
            if (i != 0 && name == "*" && quoted)
                out.append(" ");
            else if (i != 0)
                out.next();
            put(all[i]);
        }
    } else {
        const auto number = parse_unsigned(name, most_arguments);
        if (number && *number != 0 && *number <= all.size()) put(all[*number - 1]);
    }
}

// No message catalogue: the text stands for itself, its variables are filled in. What is longer than `room` may end
// early.
std::string fill_in(std::string_view text, const Environment& environment, std::size_t room) {
    std::string out;
    bool escaped = false;
    for (std::size_t i = 0; i < text.size() && out.size() <= room; ++i) {
        if (text[i] == '\\') {
            escaped = !escaped;
            if (!escaped) out.push_back('\\');
            continue;
        }
        if (text[i] == '$' && !escaped) {
            const bool braces = i + 1 < text.size() && text[i + 1] == '{';
            const std::size_t begin = i + (braces ? 2 : 1);
            std::size_t end = begin;
            while (end < text.size() &&
                   (braces ? text[end] != '}'
                           : std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_'))
                ++end;
            if (end > begin && (!braces || end < text.size())) {
                out.append(environment.get(std::string(text.substr(begin, end - begin))).value_or(""));
                i = braces ? end : end - 1;
                continue;
            }
        }
        if (escaped && text[i] != '$') out.push_back('\\');
        escaped = false;
        out.push_back(text[i]);
    }
    return out;
}

void append_piece(Arguments& out, const Piece& piece, const Environment& environment) {
    switch (piece.kind) {
    case Piece::Kind::text:
        out.append(piece.text);
        return;
    case Piece::Kind::quoted:
        out.append(escape(piece.text));
        return;
    case Piece::Kind::translated:
        out.append(escape(fill_in(piece.text, environment, out.room())));
        return;
    case Piece::Kind::variable:
    case Piece::Kind::quoted_variable:
        break;
    }
    const bool quoted = piece.kind == Piece::Kind::quoted_variable;
    if (special(piece.text)) {
        append_parameters(out, environment, piece.text, quoted);
    } else if (const auto value = environment.get(piece.text); value && !value->empty()) {
        if (quoted)
            out.append(escape(*value));
        else
            out.append_split(*value);
    }
}

} // namespace

std::optional<std::string> Environment::get(const std::string& name) const {
    const auto found = contexts_.back().find(name);
    if (found == contexts_.back().end() || !found->second.is_set) return std::nullopt;
    return found->second.value;
}

void Environment::set(const std::string& name, const std::string& value) {
    Variable& variable = contexts_.back()[name];
    variable.value = value;
    variable.is_set = true;
}

void Environment::mark_exported(const std::string& name) {
    contexts_.back()[name].exported = true;
}

void Environment::open_context() {
    std::map<std::string, Variable> inner;
    for (const auto& [name, variable] : contexts_.back()) {
        if (variable.exported) inner.emplace(name, variable);
    }
    contexts_.push_back(std::move(inner));
}

Result<std::vector<std::string>> expand(const std::vector<Word>& words, const std::optional<std::string>& block,
                                        const Environment& environment, bool globs, std::size_t& room) {
    Arguments out(room);
    for (const Word& word : words) {
        out.next();
        for (const Piece& piece : word) {
            if (!out.full()) append_piece(out, piece, environment);
        }
    }
    if (block) {
        out.next();
        out.append("{" + escape(*block) + "}");
    }
    if (out.full()) {
        return fail("more than " + std::to_string(most_arguments) +
                    " arguments, or the arguments of all commands take too much room");
    }
    std::vector<std::string> arguments;
    for (const std::optional<std::string>& argument : out.take()) {
        if (!argument) continue; // only the last can be one that nothing was added to
        if (globs && is_pattern(*argument))
            return fail(
                "'" + printable(*argument, 80) +
                "': GRUB's regexp module would match this against files and devices, which cannot be predicted");
        arguments.push_back(unescape(*argument));
    }
    if (arguments.size() > most_arguments) return fail("more than " + std::to_string(most_arguments) + " arguments");
    return arguments;
}

Result<std::map<std::string, std::string>> parse_environment_block(std::string_view bytes) {
    if (!bytes.starts_with(block_header))
        return fail("byte 0: an environment block begins with '# GRUB Environment Block'");
    std::map<std::string, std::string> values;
    std::string_view rest = bytes.substr(block_header.size());
    while (!rest.empty()) {
        std::string line;
        std::size_t at = 0;
        for (; at < rest.size() && rest[at] != '\n'; ++at) {
            if (rest[at] == '\\' && at + 1 < rest.size()) ++at;
            line.push_back(rest[at]);
        }
        const bool comment = rest[0] == '#';
        rest.remove_prefix(std::min(at + 1, rest.size()));
        const std::size_t equals = line.find('=');
        if (!comment && equals != std::string::npos) values[line.substr(0, equals)] = line.substr(equals + 1);
    }
    return values;
}

} // namespace bulkhead::measure::grub
