// GRUB's script language, as grub.cfg is written in it: text into commands. Pure.
// Source: GRUB manual, "Writing full configuration files", and the grammar of GRUB 2.06 (script/parser.y, yylex.l):
// simple commands, if, for, while, until, function; blocks in braces belong to menuentry and submenu.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure::grub {

// A word is written in pieces: a'b'"$c" has three. What a piece becomes depends on how it was quoted.
struct Piece {
    enum class Kind {
        text,            // unquoted, backslashes still in it
        quoted,          // between '...' or "..."
        variable,        // $x outside quotes: splits at blanks
        quoted_variable, // "$x"
        translated,      // $"..."
    };
    Kind kind = Kind::text;
    std::string text; // of a variable its name
};
using Word = std::vector<Piece>;

struct Command {
    enum class Kind { simple, choice, for_each, loop_while, loop_until, function };
    Kind kind = Kind::simple;
    std::vector<Word> words;          // simple: name and arguments; for_each: the list
    std::optional<std::string> block; // simple: the text between the braces, as written
    std::string name;                 // for_each: the variable; function: its name
    std::vector<Command> condition;   // choice, loops
    std::vector<Command> body;
    std::vector<Command> otherwise; // choice: else, or one choice for elif
    unsigned line = 0;              // from 1
};
using Script = std::vector<Command>;

inline constexpr std::size_t script_limit = 4 << 20; // bytes

// What GRUB drops before it parses a configuration file: carriage returns, and lines that begin with '#'. Line numbers
// of the rest change with it.
std::string without_comment_lines(std::string_view file);

// "line N: ..." for what GRUB would call a syntax error, nesting over 64 levels, a NUL, or more than script_limit.
Result<Script> parse_script(std::string_view text);

} // namespace bulkhead::measure::grub
