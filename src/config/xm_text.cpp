#include "config/xm_text.hpp"

#include "base/text.hpp"
#include "config/constant.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <map>
#include <set>
#include <vector>

namespace bulkhead::config {
namespace {

constexpr unsigned depth_max = 32;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool starts_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool in_name(char c) {
    return starts_name(c) || is_digit(c) || c == '.';
}

bool is_keyword(std::string_view name) {
    static constexpr std::string_view keywords[] = {
        "import", "from", "def",  "if",     "elif",   "else",  "for",    "while",  "try", "class", "print", "del",
        "with",   "pass", "exec", "return", "except", "raise", "global", "lambda", "and", "or",    "not",   "in"};
    return std::find(std::begin(keywords), std::end(keywords), name) != std::end(keywords);
}

// The names of all keys of xl: libxlutil takes no others.
bool can_be_key(std::string_view name) {
    return name[0] >= 'a' && name[0] <= 'z' &&
           std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

struct Variables {
    std::map<std::string, Constant, std::less<>> values;
    std::map<std::string, unsigned, std::less<>> lines; // of the last assignment
    std::set<std::string, std::less<>> used;
    std::set<std::string, std::less<>> fixed; // by the command line
    Budget budget;
};

enum class Pass { fixing, file, last };

class XmReader {
public:
    XmReader(std::string_view text, const std::string& source, unsigned first_line, Variables& variables)
        : text_(text), source_(source), line_(first_line), variables_(variables) {}

    Status run(Pass pass) {
        while (skip_to_statement()) TRY(statement(pass));
        return {};
    }

private:
    // --- characters ---
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    void step() {
        if (text_[at_] == '\n') {
            ++line_;
            line_start_ = at_ + 1;
        }
        ++at_;
    }
    [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }

    [[nodiscard]] tl::unexpected<Error> error(std::size_t at, unsigned line, const std::string& what,
                                              int code = 0) const {
        const std::size_t start = line == line_ ? line_start_ : text_.rfind('\n', at == 0 ? 0 : at - 1) + 1;
        const std::size_t column = at >= start ? at - start + 1 : 1;
        return tl::unexpected<Error>(
            Error{source_ + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + what, code});
    }
    [[nodiscard]] tl::unexpected<Error> error(const std::string& what, int code = 0) const {
        return error(at_, line_, what, code);
    }
    [[nodiscard]] tl::unexpected<Error> python(const std::string& what) const {
        return error(what +
                         " is Python, of which only NAME = EXPRESSION with constants, variables and + - * / % is read",
                     ENOTSUP);
    }

    // Blanks, comments, joined lines; ends of lines too when `lines`.
    void skip_blanks(bool lines) {
        while (!at_end()) {
            const char c = peek();
            if (c == '#') {
                while (!at_end() && peek() != '\n') ++at_;
            } else if (c == '\\' && (peek(1) == '\n' || (peek(1) == '\r' && peek(2) == '\n'))) {
                ++at_;
                while (peek() != '\n') ++at_;
                step();
            } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || (lines && c == '\n')) {
                step();
            } else {
                return;
            }
        }
    }
    void skip_in_expression() { skip_blanks(brackets_ > 0); }

    bool skip_to_statement() {
        while (true) {
            skip_blanks(true);
            if (peek() != ';') return !at_end();
            ++at_;
        }
    }

    // --- statements ---
    Status statement(Pass pass) {
        if (!starts_name(peek())) return error("expected NAME = VALUE, not '" + printable(text_.substr(at_, 1)) + "'");
        const unsigned line = line_;
        const std::string name(read_name());
        if (is_keyword(name)) return at_name(name);
        skip_blanks(false);
        const bool appends = peek() == '+' && peek(1) == '=';
        if (!appends && (peek() != '=' || peek(1) == '=')) {
            if (peek() == '(' || peek() == '[') return python("'" + printable(name, 64) + peek() + "'");
            return error("expected '=' behind '" + printable(name, 64) + "'");
        }
        at_ += appends ? 2 : 1;
        const std::size_t value_at = at_;
        Constant value = TRY(expression(0));
        skip_blanks(false);
        if (!at_end() && peek() != '\n' && peek() != ';') {
            if (peek() == ',') return python("a tuple without brackets");
            if (starts_name(peek())) return python("'" + printable(read_name(), 64) + "' behind a value");
            return error("expected the end of the line, not '" + printable(text_.substr(at_, 1)) + "'");
        }
        return assign(pass, name, appends, std::move(value), line, value_at);
    }

    Status at_name(const std::string& name) {
        at_ -= name.size();
        return python("'" + name + "'");
    }

    Status assign(Pass pass, const std::string& name, bool appends, Constant value, unsigned line, std::size_t at) {
        if (pass == Pass::fixing && appends) return {};
        if (pass == Pass::file && variables_.fixed.count(name) != 0) return {};
        if (appends) {
            const auto old = variables_.values.find(name);
            if (old != variables_.values.end()) {
                auto sum = combine('+', old->second, value);
                if (!sum) return error(at, line, sum.error().message);
                value = std::move(*sum);
            }
        }
        if (const Status paid = variables_.budget.pay(value); !paid) return error(at, line, paid.error().message);
        if (pass == Pass::fixing) variables_.fixed.insert(name);
        variables_.values[name] = std::move(value);
        variables_.lines[name] = line;
        return {};
    }

    // --- expressions ---
    Result<Constant> expression(unsigned depth) { // NOLINT(misc-no-recursion): bounded by depth_max
        return chain(depth, "+-", &XmReader::term);
    }
    Result<Constant> term(unsigned depth) { return chain(depth, "*/%", &XmReader::factor); }

    Result<Constant> chain(unsigned depth, std::string_view operators,
                           Result<Constant> (XmReader::*operand)(unsigned)) {
        if (depth > depth_max) return error("more than " + std::to_string(depth_max) + " brackets in one another");
        Constant left = TRY((this->*operand)(depth));
        while (true) {
            skip_in_expression();
            const char op = peek();
            if (at_end() || operators.find(op) == std::string_view::npos) return left;
            const std::size_t at = at_;
            const unsigned line = line_;
            at_ += op == '/' && peek(1) == '/' ? 2 : 1;
            if (peek() == '*' || peek() == '=') return error(at, line, "expected a value behind the operator");
            const Constant right = TRY((this->*operand)(depth));
            auto result = combine(op, left, right);
            if (!result) return error(at, line, result.error().message);
            if (const Status paid = variables_.budget.pay(*result); !paid) return error(at, line, paid.error().message);
            left = std::move(*result);
        }
    }

    Result<Constant> factor(unsigned depth) { // NOLINT(misc-no-recursion)
        skip_in_expression();
        const char sign = peek();
        if (sign != '-' && sign != '+') return primary(depth);
        const std::size_t at = at_++;
        const unsigned line = line_;
        if (depth >= depth_max) return error("too many signs");
        Constant value = TRY(factor(depth + 1));
        Constant zero;
        zero.value = std::int64_t{0};
        zero.line = line;
        auto result = combine(sign, zero, value);
        if (!result) return error(at, line, "a sign needs a number behind it");
        return result;
    }

    Result<Constant> primary(unsigned depth) { // NOLINT(misc-no-recursion)
        Constant value;
        value.line = line_;
        const char c = peek();
        if (is_digit(c)) {
            value.value = TRY(read_number());
            return value;
        }
        if (c == '"' || c == '\'') return read_strings();
        if (c == '[' || c == '(') return brackets(depth);
        if (!starts_name(c)) {
            if (at_end() || c == '\n' || c == ';') return error("expected a value before the end of the line");
            return error("expected a value, not '" + printable(text_.substr(at_, 1)) + "'");
        }
        return variable();
    }

    Result<Constant> variable() {
        const std::size_t at = at_;
        const std::string name(read_name());
        if (peek() == '"' || peek() == '\'') return python("a string with '" + printable(name, 16) + "' before it");
        if (is_keyword(name)) {
            at_ = at;
            return python("'" + name + "'");
        }
        skip_blanks(false);
        if (peek() == '(' || peek() == '[' || name.find('.') != std::string::npos) {
            at_ = at;
            return python("'" + printable(name, 64) + "' with a call, an index or an attribute");
        }
        Constant value;
        value.line = line_;
        if (name == "True" || name == "False") {
            value.value = std::int64_t{name == "True" ? 1 : 0};
            return value;
        }
        const auto found = variables_.values.find(name);
        if (found == variables_.values.end()) {
            return error(at, line_,
                         "'" + printable(name, 64) + "' has no value here; set it above, or on the command line: " +
                             printable(name, 64) + "=1");
        }
        variables_.used.insert(name);
        if (const Status paid = variables_.budget.pay(found->second); !paid)
            return error(at, line_, paid.error().message);
        value.value = found->second.value;
        relocate(value);
        return value;
    }

    // The items of a variable stand where it is used.
    void relocate(Constant& value) { // NOLINT(misc-no-recursion): Budget bounds how deep lists are
        value.line = line_;
        auto* list = std::get_if<Constant::List>(&value.value);
        if (list == nullptr) return;
        for (Constant& item : *list) relocate(item);
    }

    Result<Constant> brackets(unsigned depth) { // NOLINT(misc-no-recursion)
        Constant value;
        value.line = line_;
        const char closing = peek() == '[' ? ']' : ')';
        ++at_;
        ++brackets_;
        Constant::List items;
        bool comma = false;
        while (true) {
            skip_in_expression();
            if (peek() == closing) break;
            if (!items.empty() && !comma) return error(std::string("expected ',' or '") + closing + "'");
            items.push_back(TRY(expression(depth + 1)));
            skip_in_expression();
            comma = peek() == ',';
            if (comma) ++at_;
        }
        ++at_;
        --brackets_;
        if (closing == ')' && items.size() == 1 && !comma) return std::move(items[0]);
        value.value = std::move(items);
        return value;
    }

    // --- words ---
    std::string_view read_name() {
        const std::size_t start = at_;
        while (in_name(peek())) ++at_;
        return text_.substr(start, at_ - start);
    }

    // Decimal, 0x, and the octal of both Pythons.
    Result<std::int64_t> read_number() {
        const std::size_t start = at_;
        while (is_digit(peek()) || starts_name(peek()) || peek() == '.') ++at_;
        std::string_view digits = text_.substr(start, at_ - start);
        const std::string whole(digits);
        int base = 10;
        if (digits.size() > 1 && digits[0] == '0') {
            const char mark = digits[1];
            base = mark == 'x' || mark == 'X' ? 16 : 8;
            digits.remove_prefix(base == 16 || mark == 'o' || mark == 'O' ? 2 : 1);
        }
        if (!digits.empty() && (digits.back() == 'L' || digits.back() == 'l')) digits.remove_suffix(1); // Python 2
        std::int64_t number = 0;
        const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
        if (wrong != std::errc() || end != digits.data() + digits.size()) {
            at_ = start;
            return error("'" + printable(whole, 32) + "' is not an integer of at most 64 bits");
        }
        return number;
    }

    // One or more, which Python joins.
    Result<Constant> read_strings() {
        Constant value;
        value.line = line_;
        std::string text;
        do {
            TRY(read_string(text));
            if (text.size() > constant_size_max) return error("the string is too long");
            skip_in_expression();
        } while (peek() == '"' || peek() == '\'');
        value.value = std::move(text);
        return value;
    }

    Status read_string(std::string& text) {
        const std::size_t start = at_;
        const unsigned line = line_;
        const char mark = peek();
        const bool triple = peek(1) == mark && peek(2) == mark;
        at_ += triple ? 3 : 1;
        while (true) {
            const char c = peek();
            if (at_end() || (c == '\n' && !triple)) return error(start, line, "the string does not end");
            if (c == mark && (!triple || (peek(1) == mark && peek(2) == mark))) {
                at_ += triple ? 3 : 1;
                return {};
            }
            if (c == '\\') {
                TRY(read_escape(text));
            } else {
                text += c;
                step();
            }
        }
    }

    Status read_escape(std::string& text) {
        const char c = peek(1);
        static constexpr std::pair<char, char> simple[] = {{'n', '\n'},  {'t', '\t'},  {'r', '\r'},
                                                           {'\\', '\\'}, {'\'', '\''}, {'"', '"'}};
        for (const auto& [letter, meaning] : simple) {
            if (c != letter) continue;
            text += meaning;
            at_ += 2;
            return {};
        }
        if (c == '\n') { // a joined line
            ++at_;
            step();
            return {};
        }
        if (c == 'x' || is_digit(c)) return error("escapes by number are not read; write the character");
        text += '\\'; // Python keeps the backslash of an escape that it does not know
        ++at_;
        return {};
    }

    std::string_view text_;
    const std::string& source_;
    std::size_t at_ = 0, line_start_ = 0;
    unsigned line_;
    unsigned brackets_ = 0;
    Variables& variables_;
};

} // namespace

Result<std::string> xl_text_of_xm(std::string_view text, const std::string& source,
                                  const std::function<bool(std::string_view)>& is_key) {
    const std::size_t mark = text.find(overrides_mark);
    const std::string_view file = text.substr(0, mark);
    const std::string_view given =
        mark == std::string_view::npos ? std::string_view() : text.substr(mark + overrides_mark.size());
    const auto lines_before = [](std::string_view part) {
        return 1 + static_cast<unsigned>(std::count(part.begin(), part.end(), '\n'));
    };
    const unsigned given_line = lines_before(text.substr(0, text.size() - given.size()));

    Variables variables;
    TRY(XmReader(given, source, given_line, variables).run(Pass::fixing));
    TRY(XmReader(file, source, 1, variables).run(Pass::file));
    TRY(XmReader(given, source, given_line, variables).run(Pass::last));

    std::vector<std::pair<unsigned, const std::string*>> order;
    for (const auto& [name, line] : variables.lines) {
        const bool helper = variables.used.count(name) != 0 && !is_key(name);
        if (!helper && can_be_key(name)) order.emplace_back(line, &name);
    }
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first < b.first : *a.second < *b.second;
    });
    std::string output;
    unsigned at_line = 1;
    for (const auto& [line, name] : order) {
        if (at_line >= line && !output.empty()) output += "; ";
        for (; at_line < line; ++at_line) output += '\n';
        output += *name + " = ";
        append_xl(output, variables.values.find(*name)->second, at_line);
    }
    output += '\n';
    return output;
}

} // namespace bulkhead::config
