#include "config/constant.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstdio>

namespace bulkhead::config {
namespace {

using List = Constant::List;

std::size_t size_of(const Constant& value) { // NOLINT(misc-no-recursion): as deep as the expression, which is bounded
    if (const auto* text = value.text()) return text->size() + 16;
    std::size_t size = 16;
    if (const auto* list = value.list()) {
        for (const Constant& item : *list) size += size_of(item);
    }
    return size;
}

const char* kind_of(const Constant& value) {
    return value.number() != nullptr ? "a number" : value.text() != nullptr ? "a string" : "a list";
}

Result<std::int64_t> calculate(char op, std::int64_t left, std::int64_t right) {
    std::int64_t result = 0;
    bool overflow = false;
    switch (op) {
    case '+':
        overflow = __builtin_add_overflow(left, right, &result);
        break;
    case '-':
        overflow = __builtin_sub_overflow(left, right, &result);
        break;
    case '*':
        overflow = __builtin_mul_overflow(left, right, &result);
        break;
    default: {
        if (right == 0) return fail("division by zero");
        if (right == -1) { // the only case where the quotient may not fit
            overflow = __builtin_sub_overflow(std::int64_t{0}, left, &result);
            if (op == '%') return 0;
            break;
        }
        const std::int64_t rest = left % right;
        const bool below = rest != 0 && (rest < 0) != (right < 0); // C rounds to zero, Python down
        result = op == '%' ? rest + (below ? right : 0) : left / right - (below ? 1 : 0);
    }
    }
    if (overflow) return fail("the result is larger than 64 bits");
    return result;
}

template <typename T>
Result<T> repeat(const T& what, std::size_t size, std::int64_t times) {
    T result;
    if (times <= 0 || what.empty()) return result;
    if (static_cast<std::uint64_t>(times) > constant_size_max / std::max<std::size_t>(size, 1)) {
        return fail("the result is larger than " + std::to_string(constant_size_max / 1024) + " KiB");
    }
    for (std::int64_t i = 0; i < times; ++i) result.insert(result.end(), what.begin(), what.end());
    return result;
}

// One conversion of a format: flags, width, letter.
struct Conversion {
    bool left = false, zeros = false;
    std::size_t width = 0;
    char letter = '\0';
};

Result<Conversion> read_conversion(const std::string& format, std::size_t& at) {
    constexpr std::size_t width_max = 1000;
    Conversion found;
    for (; at < format.size() && (format[at] == '-' || format[at] == '0'); ++at) {
        (format[at] == '-' ? found.left : found.zeros) = true;
    }
    for (; at < format.size() && format[at] >= '0' && format[at] <= '9'; ++at) {
        found.width = found.width * 10 + static_cast<std::size_t>(format[at] - '0');
        if (found.width > width_max) return fail("a width in the format is larger than " + std::to_string(width_max));
    }
    if (at == format.size()) return fail("the format ends behind a '%'");
    found.letter = format[at++];
    return found;
}

Result<std::string> converted(const Conversion& how, const Constant& value) {
    if (how.letter == 's') {
        if (value.list() != nullptr) return fail("%s of a list is not supported");
        return value.text() != nullptr ? *value.text() : std::to_string(*value.number());
    }
    if (how.letter == 'c' && value.text() != nullptr && value.text()->size() == 1) return *value.text();
    const char* letters = "diuxXo";
    if (std::string_view(letters).find(how.letter) == std::string_view::npos) {
        return fail("%" + printable(std::string(1, how.letter)) + " is not supported; %d, %s, %x, %X, %o and %c are");
    }
    if (value.number() == nullptr)
        return fail("%" + std::string(1, how.letter) + " needs a number, not " + kind_of(value));
    const std::int64_t number = *value.number();
    if (how.letter == 'd' || how.letter == 'i' || how.letter == 'u') return std::to_string(number);
    const std::uint64_t magnitude =
        number < 0 ? -static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
    char digits[32];
    const char* pattern = how.letter == 'x' ? "%s%lx" : how.letter == 'X' ? "%s%lX" : "%s%lo";
    std::snprintf(digits, sizeof digits, pattern, number < 0 ? "-" : "", magnitude);
    return std::string(digits);
}

std::string padded(const Conversion& how, std::string text) {
    if (text.size() >= how.width) return text;
    const std::size_t missing = how.width - text.size();
    if (how.left) return text.append(missing, ' ');
    const bool number = how.letter != 's' && how.letter != 'c';
    if (!how.zeros || !number) return text.insert(0, missing, ' ');
    return text.insert(text[0] == '-' ? 1 : 0, missing, '0');
}

void append_quoted(std::string& output, const std::string& text) {
    output += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            output.append(1, '\\').append(1, c);
        } else if (c == '\n') {
            output += "\\n";
        } else {
            output += c;
        }
    }
    output += '"';
}

} // namespace

Status Budget::pay(const Constant& value) {
    const std::size_t size = size_of(value);
    if (size > constant_size_max + 16) {
        return fail("the value is larger than " + std::to_string(constant_size_max / 1024) + " KiB");
    }
    if (size > left_) return fail("the values of this file are too large together");
    left_ -= size;
    return {};
}

Result<std::string> format_constant(const std::string& format, const Constant& arguments) {
    std::string result;
    std::size_t next = 0;
    const List* list = arguments.list();
    const std::size_t count = list != nullptr ? list->size() : 1;
    for (std::size_t at = 0; at < format.size();) {
        if (format[at] != '%') {
            result += format[at++];
            continue;
        }
        ++at;
        const Conversion how = TRY(read_conversion(format, at));
        if (how.letter == '%') {
            result += '%';
            continue;
        }
        if (next == count) return fail("the format has more than " + std::to_string(count) + " conversions");
        const Constant& value = list != nullptr ? (*list)[next] : arguments;
        ++next;
        result += padded(how, TRY(converted(how, value)));
        if (result.size() > constant_size_max) return fail("the formatted text is too long");
    }
    if (next != count)
        return fail("the format takes " + std::to_string(next) + " of " + std::to_string(count) + " values");
    return result;
}

Result<Constant> combine(char op, const Constant& left, const Constant& right) {
    Constant result;
    result.line = left.line;
    if (op == '%' && left.text() != nullptr) {
        result.value = TRY(format_constant(*left.text(), right));
        return result;
    }
    if (left.number() != nullptr && right.number() != nullptr) {
        result.value = TRY(calculate(op, *left.number(), *right.number()));
        return result;
    }
    if (op == '+' && left.text() != nullptr && right.text() != nullptr) {
        result.value = *left.text() + *right.text();
        return result;
    }
    if (op == '+' && left.list() != nullptr && right.list() != nullptr) {
        List both = *left.list();
        both.insert(both.end(), right.list()->begin(), right.list()->end());
        result.value = std::move(both);
        return result;
    }
    const bool number_first = left.number() != nullptr;
    const Constant& many = number_first ? right : left;
    const Constant& times = number_first ? left : right;
    if (op == '*' && times.number() != nullptr) {
        if (many.text() != nullptr) {
            result.value = TRY(repeat(*many.text(), many.text()->size(), *times.number()));
        } else {
            result.value = TRY(repeat(*many.list(), size_of(many), *times.number()));
        }
        return result;
    }
    return fail(std::string("'") + op + "' cannot stand between " + kind_of(left) + " and " + kind_of(right));
}

void append_xl(std::string& output, const Constant& value, unsigned& at_line) { // NOLINT(misc-no-recursion)
    if (const auto* number = value.number()) {
        const std::string digits = std::to_string(*number);
        output += *number < 0 ? "\"" + digits + "\"" : digits;
        return;
    }
    if (const auto* text = value.text()) {
        append_quoted(output, *text);
        return;
    }
    output += "[ ";
    bool first = true;
    for (const Constant& item : *value.list()) {
        if (!first) output += ", ";
        first = false;
        for (; at_line < item.line; ++at_line) output += '\n';
        append_xl(output, item, at_line);
    }
    output += " ]";
}

} // namespace bulkhead::config
