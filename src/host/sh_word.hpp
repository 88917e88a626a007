// One word of a shell script at a time: quotes removed, parameters expanded. The lower half of sh_assignments. Pure.
#pragma once

#include "base/result.hpp"
#include "host/sh_assignments.hpp"

#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace bulkhead::host {

struct ShellWord {
    std::string text;           // expanded, without quotes; what is not known is left out
    bool known = true;          // false: it has a command substitution or the like
    bool plain = true;          // neither a quote nor an expansion: may be a reserved word
    std::size_t equals = npos;  // where the '=' of "NAME=" is in `text`, if the word is an assignment
    std::set<std::string> used; // variables that it names
    unsigned line = 0;
    static constexpr std::size_t npos = std::string::npos;
};

bool is_shell_name(std::string_view text);

// Characters of a script with the line that they are on.
class ShellReader {
public:
    ShellReader(std::string_view text, const std::string& source, const ShellVariables& variables)
        : text_(text), source_(source), variables_(variables) {}

    [[nodiscard]] bool end() const { return at_ >= text_.size(); }
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    char take();
    [[nodiscard]] unsigned line() const { return line_; }
    [[nodiscard]] std::string where() const { return where(line_); }
    [[nodiscard]] std::string where(unsigned line) const { return source_ + ":" + std::to_string(line); }

    // Blanks, continued lines and a comment.
    void skip_blanks();
    // The rest of the line and its end.
    std::string_view take_line();
    // Everything up to a blank, a line end or an operator; at least one character, unless it is only a continued line.
    Result<ShellWord> word();
    // Variables that ${NAME:=word} may have set.
    std::set<std::string> take_defaulted() { return std::exchange(defaulted_, {}); }

private:
    Status single_quoted(ShellWord& word);
    Status double_quoted(ShellWord& word, unsigned depth);
    Status dollar(ShellWord& word, unsigned depth, bool quoted);
    Status braces(ShellWord& word, unsigned depth);
    Status skip_command(char closing, unsigned depth); // behind "$(" or "`"
    Status append(ShellWord& word, std::string_view text) const;
    Status append_variable(ShellWord& word, const std::string& name);
    [[nodiscard]] tl::unexpected<Error> unclosed(const char* what, unsigned line) const;
    std::string take_name();
    bool continued(); // takes a backslash and the line end behind it

    std::string_view text_;
    const std::string& source_;
    const ShellVariables& variables_;
    std::set<std::string> defaulted_;
    std::size_t at_ = 0;
    std::size_t expanded_ = 0; // bytes that came out of variables
    unsigned line_ = 1;
};

} // namespace bulkhead::host
