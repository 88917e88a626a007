#include "host/sh_word.hpp"

#include <algorithm>

namespace bulkhead::host {
namespace {

constexpr unsigned depth_max = 32;
constexpr std::size_t expanded_max = 4 << 20;

bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name_part(char c) {
    return is_name_start(c) || (c >= '0' && c <= '9');
}
bool ends_word(char c) {
    return std::string_view(" \t\n;&|()<>").find(c) != std::string_view::npos;
}

} // namespace

bool is_shell_name(std::string_view text) {
    return !text.empty() && is_name_start(text[0]) && std::all_of(text.begin(), text.end(), is_name_part);
}

char ShellReader::take() {
    const char c = text_[at_++];
    if (c == '\n') ++line_;
    return c;
}

bool ShellReader::continued() {
    if (peek() != '\\' || peek(1) != '\n') return false;
    take();
    take();
    return true;
}

std::string ShellReader::take_name() {
    std::string name;
    while (continued() || is_name_part(peek()))
        if (is_name_part(peek())) name += take();
    return name;
}

void ShellReader::skip_blanks() {
    while (!end()) {
        if (continued()) continue;
        if (peek() == '#') {
            while (!end() && peek() != '\n') take();
            return;
        }
        if (peek() != ' ' && peek() != '\t') return;
        take();
    }
}

std::string_view ShellReader::take_line() {
    const std::size_t from = at_;
    while (!end() && peek() != '\n') take();
    const std::string_view text = text_.substr(from, at_ - from);
    if (!end()) take();
    return text;
}

tl::unexpected<Error> ShellReader::unclosed(const char* what, unsigned line) const {
    return fail(where(line) + ": " + what + " is not closed");
}

Status ShellReader::append(ShellWord& word, std::string_view text) const {
    if (word.text.size() + text.size() > shell_value_max)
        return fail(where() + ": a value is longer than " + std::to_string(shell_value_max) + " bytes");
    word.text += text;
    return {};
}

Status ShellReader::append_variable(ShellWord& word, const std::string& name) {
    const ShellValue value = variables_.get(name);
    expanded_ += value.text.size();
    if (expanded_ > expanded_max) return fail(where() + ": the values of variables grow beyond all measure");
    word.used.insert(name);
    if (!value.known) word.known = false;
    return append(word, value.text);
}

Status ShellReader::single_quoted(ShellWord& word) {
    const unsigned line = line_;
    const std::size_t from = at_;
    while (!end() && peek() != '\'') take();
    if (end()) return unclosed("a '", line);
    const std::string_view text = text_.substr(from, at_ - from);
    take();
    return append(word, text);
}

Status ShellReader::double_quoted(ShellWord& word, unsigned depth) {
    const unsigned line = line_;
    while (!end()) {
        if (continued()) continue;
        const char c = take();
        if (c == '"') return {};
        if (c == '\\' && std::string_view("$`\"\\").find(peek()) != std::string_view::npos && !end()) {
            TRY(append(word, std::string(1, take())));
        } else if (c == '$') {
            TRY(dollar(word, depth, true));
        } else if (c == '`') {
            word.known = false;
            TRY(skip_command('`', depth + 1));
        } else {
            TRY(append(word, std::string(1, c)));
        }
    }
    return unclosed("a \"", line);
}

Status ShellReader::skip_command(char closing, unsigned depth) {
    const unsigned line = line_;
    if (depth > depth_max) return fail(where() + ": substitutions more than 32 deep");
    ShellWord ignored;
    while (!end()) {
        const char c = take();
        if (c == closing) return {};
        if (c == '\\' && !end()) {
            take();
        } else if (c == '\'') {
            TRY(single_quoted(ignored));
        } else if (c == '"') {
            TRY(double_quoted(ignored, depth + 1));
        } else if (c == '(') {
            TRY(skip_command(')', depth + 1));
        } else if (c == '`') {
            TRY(skip_command('`', depth + 1));
        }
        ignored.text.clear();
    }
    return unclosed(closing == ')' ? "a $(" : "a `", line);
}

// Behind "${". The word of a default may have no quotes.
Status ShellReader::braces(ShellWord& word, unsigned depth) {
    const unsigned line = line_;
    if (depth > depth_max) return fail(where() + ": expansions more than 32 deep");
    const std::string name = take_name();
    const bool parameter = is_shell_name(name);
    if (parameter && peek() == '}') {
        take();
        return append_variable(word, name);
    }
    const bool or_empty = parameter && peek() == ':';
    const char mark = peek(or_empty ? 1 : 0);
    const bool understood = parameter && (mark == '-' || mark == '+' || mark == '=');
    if (understood) {
        if (or_empty) take();
        take();
    }
    ShellWord other;
    other.known = true;
    while (!end()) {
        if (continued()) continue;
        const char c = take();
        if (c == '}') break;
        if (c == '\'' || c == '"' || c == '\\' || c == '`')
            return fail(where() + ": a quote inside ${...} is not understood; set the variable in a line of its own");
        if (c == '$') {
            TRY(dollar(other, depth + 1, true));
        } else {
            TRY(append(other, std::string(1, c)));
        }
    }
    if (text_[at_ - 1] != '}') return unclosed("a ${", line);
    word.used.insert(other.used.begin(), other.used.end());
    if (!understood) {
        word.known = false;
        return {};
    }
    word.used.insert(name);
    const ShellValue value = variables_.get(name);
    const bool set = variables_.values.find(name) != variables_.values.end() && !(or_empty && value.text.empty());
    if (!value.known) {
        word.known = false;
        if (mark == '=') defaulted_.insert(name);
        return {};
    }
    if (mark == '=' && !set) defaulted_.insert(name);
    if (mark == '+' ? set : !set) {
        if (!other.known) word.known = false;
        return append(word, other.text);
    }
    return mark == '+' ? Status{} : append_variable(word, name);
}

// Behind '$'.
Status ShellReader::dollar(ShellWord& word, unsigned depth, bool quoted) {
    word.plain = false;
    while (continued()) {
    }
    const char c = peek();
    if (is_name_start(c)) return append_variable(word, take_name());
    if (c == '{') {
        take();
        return braces(word, depth + 1);
    }
    if (c == '(') {
        take();
        word.known = false;
        return skip_command(')', depth + 1);
    }
    if (!end() && std::string_view("0123456789@*#?-$!").find(c) != std::string_view::npos) {
        take();
        word.known = false;
        return {};
    }
    // Shells differ about $'...' and $"...".
    if (!quoted && (c == '\'' || c == '"')) word.known = false;
    return append(word, "$");
}

Result<ShellWord> ShellReader::word() {
    ShellWord word;
    word.line = line_;
    bool tilde = true; // a ~ here would be somebody's home
    while (!end() && !ends_word(peek())) {
        if (continued()) continue;
        const char c = take();
        const bool may_be_tilde = tilde;
        tilde = false;
        if (c == '\'') {
            word.plain = false;
            TRY(single_quoted(word));
        } else if (c == '"') {
            word.plain = false;
            TRY(double_quoted(word, 0));
        } else if (c == '\\') {
            word.plain = false;
            if (!end()) TRY(append(word, std::string(1, take())));
        } else if (c == '$') {
            TRY(dollar(word, 0, false));
        } else if (c == '`') {
            word.plain = word.known = false;
            TRY(skip_command('`', 1));
        } else {
            if (c == '~' && may_be_tilde) word.known = false;
            if (c == '=' && word.equals == ShellWord::npos && word.plain && is_shell_name(word.text))
                word.equals = word.text.size();
            tilde = c == ':' || c == '=';
            TRY(append(word, std::string(1, c)));
        }
    }
    return word;
}

} // namespace bulkhead::host
