#include "host/value_form.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace bulkhead::host {
namespace {

bool fits_alternative(std::string_view value, std::string_view alternative) {
    if (alternative == "<bool>") return parse_bool(value).has_value();
    if (alternative == "<int>") return parse_integer(value).has_value();
    if (alternative == "<size>") return parse_size(value).has_value();
    return value == alternative;
}

bool fits_item(std::string_view value, std::string_view item) {
    if (item.ends_with('?')) {
        const std::string_view word = item.substr(0, item.size() - 1);
        if (value == word || (value.starts_with("no-") && value.substr(3) == word)) return true;
        return value.size() > word.size() && value.starts_with(word) && value[word.size()] == '=' &&
               parse_bool(value.substr(word.size() + 1));
    }
    const std::size_t mark = item.find_first_of("=:");
    if (mark == std::string_view::npos) return fits_alternative(value, item);
    if (!value.starts_with(item.substr(0, mark + 1))) return false;
    const auto alternatives = split(item.substr(mark + 1), '|');
    return std::any_of(alternatives.begin(), alternatives.end(),
                       [&](std::string_view one) { return fits_alternative(value.substr(mark + 1), one); });
}

// The digits of an integer as C's strtoull(3) with base 0 reads them; `used` is how many characters that were.
std::optional<std::uint64_t> parse_digits(std::string_view text, std::size_t& used) {
    int base = 10;
    std::size_t at = 0;
    if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        at = 2;
    } else if (text.size() > 1 && text[0] == '0') {
        base = 8;
    }
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value, base);
    if (error != std::errc{}) return std::nullopt;
    used = static_cast<std::size_t>(end - text.data());
    return value;
}

} // namespace

std::optional<bool> parse_bool(std::string_view text) {
    for (const char* word : {"yes", "on", "true", "enable", "1"})
        if (text == word) return true;
    for (const char* word : {"no", "off", "false", "disable", "0"})
        if (text == word) return false;
    return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    std::size_t used = 0;
    const auto value = parse_digits(text, used);
    if (!value || used != text.size() || *value > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
        return std::nullopt;
    return negative ? -static_cast<std::int64_t>(*value) : static_cast<std::int64_t>(*value);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::size_t used = 0;
    const auto value = parse_digits(text, used);
    if (!value || text.size() > used + 1) return std::nullopt;
    unsigned shift = 10;
    if (text.size() > used) {
        constexpr std::string_view units = "BKMGT";
        const char letter = text[used];
        const char upper = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
        const std::size_t unit = units.find(upper);
        if (unit == std::string_view::npos) return std::nullopt;
        shift = static_cast<unsigned>(unit) * 10;
    }
    if (*value > (std::numeric_limits<std::uint64_t>::max() >> shift)) return std::nullopt;
    return *value << shift;
}

bool fits(std::string_view value, std::string_view form) {
    const auto items = words(form);
    return std::any_of(items.begin(), items.end(), [&](std::string_view item) { return fits_item(value, item); });
}

std::optional<std::string_view> first_misfit(std::string_view list, std::string_view form) {
    for (const std::string_view part : split(list, ','))
        if (!fits(part, form)) return part;
    return std::nullopt;
}

std::vector<std::string> examples(std::string_view form) {
    std::vector<std::string> texts;
    for (const std::string_view item : words(form)) {
        if (item.ends_with('?')) {
            texts.emplace_back(item.substr(0, item.size() - 1));
        } else {
            texts.emplace_back(item);
        }
    }
    return texts;
}

} // namespace bulkhead::host
