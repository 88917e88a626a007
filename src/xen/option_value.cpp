#include "xen/option_value.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

namespace bulkhead::xen {
namespace {

template <typename T>
Status set_number(T& target, const std::string& value) {
    const auto number = number_of(value);
    if (!number || *number < 0 || static_cast<unsigned long>(*number) > std::numeric_limits<T>::max()) {
        return fail("is not a number from 0 to " + std::to_string(std::numeric_limits<T>::max()));
    }
    target = static_cast<T>(*number);
    return {};
}

struct Assign {
    const std::string& value;

    Status operator()(char** target) const {
        replace(target, value);
        return {};
    }
    Status operator()(libxl_defbool* target) const {
        const auto number = number_of(value);
        if (!number) return fail("must be 0 or 1");
        libxl_defbool_set(target, *number != 0);
        return {};
    }
    Status operator()(bool* target) const {
        const auto number = number_of(value);
        if (!number) return fail("must be 0 or 1");
        *target = *number != 0;
        return {};
    }
    Status operator()(int* target) const { return set_number(*target, value); }
    Status operator()(std::uint32_t* target) const { return set_number(*target, value); }
    Status operator()(std::uint8_t* target) const { return set_number(*target, value); }
    Status operator()(const std::function<Status(const std::string&)>& set) const { return set(value); }
};

std::string_view without_blanks_before(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\n");
    return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

} // namespace

std::optional<long> number_of(const ConfigValue& value) {
    return value.is_list ? std::nullopt : number_of(value.text);
}

void replace(char** target, const std::string& text) {
    std::free(*target);
    *target = ::strdup(text.c_str());
}

libxl_string_list string_list(const std::vector<std::string>& texts) {
    auto* list = zeroed<char*>(texts.size() + 1);
    for (std::size_t i = 0; i < texts.size(); ++i) list[i] = ::strdup(texts[i].c_str());
    return list;
}

Status set_field(std::string_view word, const std::vector<Field>& fields) {
    const std::size_t equals = word.find('=');
    const std::string_view key = trim(word.substr(0, equals));
    if (equals == std::string_view::npos) return fail("'" + printable(word, 64) + "' is not KEY=VALUE");
    for (const Field& field : fields) {
        if (key != field.key) continue;
        const std::string value(word.substr(equals + 1));
        const Status set = std::visit(Assign{value}, field.slot);
        if (!set) return fail(std::string(key) + ": '" + printable(value, 64) + "' " + set.error().message);
        return {};
    }
    std::vector<std::string> known;
    for (const Field& field : fields) known.emplace_back(field.key);
    return fail("unknown word '" + printable(key, 64) + "'" + did_you_mean(key, known) +
                " (it takes: " + join(known, ", ") + ")");
}

Status read_fields(std::string_view text, const std::vector<Field>& fields, OptionNotes* unknown) {
    if (text.size() > option_text_max) return fail("is longer than " + std::to_string(option_text_max) + " bytes");
    for (const std::string_view part : split(text, ',')) {
        const std::string_view word = without_blanks_before(part);
        if (word.empty()) continue;
        const std::string_view key = trim(word.substr(0, word.find('=')));
        const bool known =
            std::any_of(fields.begin(), fields.end(), [key](const Field& field) { return key == field.key; });
        if (!known && unknown != nullptr) {
            unknown->warnings.push_back("'" + printable(word, 64) + "' is ignored, as by xl");
            continue;
        }
        TRY(set_field(word, fields));
    }
    return {};
}

} // namespace bulkhead::xen
