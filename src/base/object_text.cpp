#include "base/object_text.hpp"

#include "base/json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bulkhead {
namespace {

bool stands_for_itself(char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

} // namespace

void ObjectText::key(std::string_view name) {
    if (text_.size() > 1) text_ += ',';
    text_ += '"';
    text_ += name;
    text_ += "\":";
}

void ObjectText::truth(std::string_view name, bool value) {
    key(name);
    text_ += value ? "true" : "false";
}

void ObjectText::number(std::string_view name, std::int64_t value) {
    key(name);
    text_ += std::to_string(value);
}

void ObjectText::number(std::string_view name, std::uint64_t value) {
    key(name);
    text_ += std::to_string(value);
}

void ObjectText::text(std::string_view name, std::string_view value) {
    key(name);
    if (!std::all_of(value.begin(), value.end(), stands_for_itself)) {
        text_ += json_line(nlohmann::json(value));
        return;
    }
    text_ += '"';
    text_ += value;
    text_ += '"';
}

std::string ObjectText::end() && {
    text_ += '}';
    return std::move(text_);
}

} // namespace bulkhead
