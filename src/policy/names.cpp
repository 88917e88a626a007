#include "policy/names.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace bulkhead::policy {
namespace {

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::string quoted(std::string_view name) {
    return "'" + printable(name, 64) + "'";
}

Status check_characters(std::string_view name, std::size_t most) {
    if (name.empty()) return fail("the name is empty");
    if (name.size() > most)
        return fail("name " + quoted(name) + " is longer than " + std::to_string(most) + " characters");
    for (const char c : name) {
        if (static_cast<unsigned char>(c) >= 0x80) return fail("name " + quoted(name) + " is not ASCII");
        if (c <= ' ' || c == 0x7f) return fail("name " + quoted(name) + " contains a space or a control character");
        if (c == ':' || c == ',' || c == '=' || c == '\'' || c == '"' || c == '\\')
            return fail("name " + quoted(name) + " contains " + c + ", which is not allowed");
    }
    return {};
}

tl::unexpected<Error> reserved(std::string_view name) {
    return fail("name " + quoted(name) + " is reserved; choose another");
}

} // namespace

Status check_policy_name(std::string_view name) {
    TRY(check_characters(name, policy_name_max));
    for (const std::string_view part : split(name, '.')) {
        if (part.empty() || !std::all_of(part.begin(), part.end(), is_word))
            return fail("policy name " + quoted(name) +
                        " is not made of letters, digits, '_' and '-', with single dots between the parts");
    }
    constexpr std::array taken = {"NULL", "INACTIVE", "INACCESSIBLE", "ACM", "FLASK"};
    if (std::find(taken.begin(), taken.end(), name) != taken.end() || name.starts_with("INV_")) return reserved(name);
    return {};
}

Status check_label_name(std::string_view name) {
    TRY(check_type_name(name));
    if (name == "unlabeled" || name.starts_with("INV_")) return reserved(name);
    return {};
}

Status check_type_name(std::string_view name) {
    TRY(check_characters(name, name_max));
    if (name == "__NULL_LABEL__" || name == inaccessible) return reserved(name);
    return {};
}

Result<Version> parse_version(std::string_view text) {
    const auto wrong = [text](const char* why) { return fail("version " + quoted(text) + " " + why); };
    const auto parts = split(text, '.');
    if (parts.size() != 2) return wrong("is not MAJOR.MINOR, such as 1.0");
    std::array<std::uint32_t, 2> numbers{};
    for (std::size_t i = 0; i < 2; ++i) {
        const std::string_view digits = parts[i];
        if (digits.empty() || digits.size() > 8 ||
            !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }))
            return wrong("is not MAJOR.MINOR of one to eight digits each, such as 1.0");
        if (digits.size() > 1 && digits[0] == '0') return wrong("has a leading zero");
        numbers[i] = static_cast<std::uint32_t>(*parse_unsigned(digits));
    }
    return Version{numbers[0], numbers[1]};
}

std::string policy_file_name(std::string_view policy_name) {
    std::string path(policy_name);
    std::replace(path.begin(), path.end(), '.', '/');
    return path + "-security_policy.xml";
}

} // namespace bulkhead::policy
