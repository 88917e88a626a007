// Values of Python's constant expressions as xm's configurations have them, and the operators between them. Pure,
// bounded: no value is larger than constant_size_max, and all values that a Budget pays for together are bounded too.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace bulkhead::config {

constexpr std::size_t constant_size_max = 64 * 1024; // bytes of a string; items of a list count for 16 each

struct Constant {
    using List = std::vector<Constant>; // lists and tuples are the same here
    std::variant<std::int64_t, std::string, List> value;
    unsigned line = 1; // where it begins

    [[nodiscard]] const std::int64_t* number() const { return std::get_if<std::int64_t>(&value); }
    [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&value); }
    [[nodiscard]] const List* list() const { return std::get_if<List>(&value); }
};

class Budget {
public:
    // Fails when `value` is too large, or everything so far together.
    Status pay(const Constant& value);

private:
    std::size_t left_ = 16 * 1024 * 1024;
};

// `op` is one of + - * / %. Python's rules: / rounds down (as `//`), % takes the divisor's sign, a string or list times
// a number repeats it, a string % a value formats. Errors say what cannot be combined.
Result<Constant> combine(char op, const Constant& left, const Constant& right);

// %d %i %u %s %x %X %o %c %%, with the flags - and 0 and a width. `arguments` is one value, or a list with one for
// each.
Result<std::string> format_constant(const std::string& format, const Constant& arguments);

// As libxlutil reads it: "text", 7, [ "a", 7 ]. A negative number becomes a text. `at_line` is the line where the
// output stands; newlines are added before list items that stood on later ones, and counted.
void append_xl(std::string& output, const Constant& value, unsigned& at_line);

} // namespace bulkhead::config
