#include "measure/grub_test_command.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace bulkhead::measure::grub {
namespace {

// GRUB reads on until something is no digit; a number that is none at all is 0 there and an error here.
Result<long> number(const std::string& text) {
    const bool negative = text.starts_with('-');
    std::string_view digits = std::string_view(text).substr(negative ? 1 : 0);
    int base = 10;
    if (digits.starts_with("0x") || digits.starts_with("0X")) {
        base = 16;
        digits.remove_prefix(2);
    } else if (digits.size() > 1 && digits[0] == '0') {
        base = 8;
    }
    long value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error != std::errc() || end != digits.data() + digits.size())
        return fail("test: '" + printable(text, 40) + "' is no number");
    return negative ? -value : value;
}

class Expression {
public:
    Expression(std::span<const std::string> arguments, const FileTest& file) : rest_(arguments), file_(file) {}

    // Up to the end or to the closing parenthesis. -a binds closer than -o; without either, -a is meant.
    Result<bool> value() {
        if (++depth_ > 64) return fail("test: parentheses nested more than 64 deep");
        bool any = false;
        bool all = true;
        bool invert = false;
        const auto put = [&](bool value) {
            all = all && value != invert;
            invert = false;
        };
        while (!rest_.empty()) {
            if (const auto three = TRY(binary())) {
                put(*three);
                rest_ = rest_.subspan(3);
                continue;
            }
            if (const auto two = TRY(unary())) {
                put(*two);
                rest_ = rest_.subspan(2);
                continue;
            }
            const std::string& word = rest_[0];
            rest_ = rest_.subspan(1);
            if (word == ")") break;
            if (word == "(") {
                put(TRY(value()));
            } else if (word == "!") {
                invert = !invert;
            } else if (word == "-o") {
                any = any || all;
                all = true;
            } else if (word != "-a") {
                put(!word.empty());
            }
        }
        --depth_;
        return any || all;
    }

private:
    Result<std::optional<bool>> binary() {
        if (rest_.size() < 3) return std::nullopt;
        const std::string& a = rest_[0];
        const std::string& how = rest_[1];
        const std::string& b = rest_[2];
        if (how == "=" || how == "==") return a == b;
        if (how == "!=") return a != b;
        if (how == "<") return a < b;
        if (how == "<=") return a <= b;
        if (how == ">") return a > b;
        if (how == ">=") return a >= b;
        if (how.starts_with("-nt") || how.starts_with("-ot"))
            return fail("test " + how + ": the times of files are not modelled");
        if (how == "-pgt" || how == "-plt") return by_version(a, b, how == "-pgt");
        constexpr std::string_view comparisons[] = {"-eq", "-ne", "-lt", "-le", "-gt", "-ge"};
        const auto* found = std::find(std::begin(comparisons), std::end(comparisons), how);
        if (found == std::end(comparisons)) return std::nullopt;
        const long x = TRY(number(a));
        const long y = TRY(number(b));
        switch (found - std::begin(comparisons)) {
        case 0:
            return x == y;
        case 1:
            return x != y;
        case 2:
            return x < y;
        case 3:
            return x <= y;
        case 4:
            return x > y;
        default:
            return x >= y;
        }
    }

    // Numbers behind the common front, taken back to where their digits begin.
    static Result<std::optional<bool>> by_version(const std::string& a, const std::string& b, bool greater) {
        const auto digit = [](char c) { return c >= '0' && c <= '9'; };
        std::size_t at = 0;
        while (at < a.size() && at < b.size() && a[at] == b[at]) ++at;
        while (at > 1 && digit(a[at - 1])) --at;
        const auto leading = [&](const std::string& text) {
            unsigned long value = 0;
            std::from_chars(text.data() + std::min(at, text.size()), text.data() + text.size(), value);
            return value;
        };
        return greater ? leading(a) > leading(b) : leading(a) < leading(b);
    }

    Result<std::optional<bool>> unary() {
        if (rest_.size() < 2 || rest_[0].size() != 2 || rest_[0][0] != '-') return std::nullopt;
        const char question = rest_[0][1];
        const std::string& operand = rest_[1];
        if (question == 'n') return !operand.empty();
        if (question == 'z') return operand.empty();
        if (std::string_view("defs").find(question) == std::string_view::npos) return std::nullopt;
        return TRY(file_(question, operand));
    }

    std::span<const std::string> rest_;
    const FileTest& file_;
    unsigned depth_ = 0;
};

} // namespace

Result<bool> evaluate_test(std::span<const std::string> arguments, const FileTest& file) {
    return Expression(arguments, file).value();
}

} // namespace bulkhead::measure::grub
