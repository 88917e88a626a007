#include "base/json.hpp"

#include "base/text.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead {
namespace {

constexpr int depth_max = 32;

// The library's parser recurses in its destructor only; the depth is bounded before it sees the text.
bool too_deep(std::string_view text) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > depth_max) return true;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

} // namespace

std::string json_line(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Status parse_json_object(std::string_view text, std::size_t limit, nlohmann::json& object) {
    if (text.size() > limit) return fail("JSON of more than " + std::to_string(limit) + " bytes");
    if (too_deep(text)) return fail("JSON that is nested more than " + std::to_string(depth_max) + " deep");
    object = nlohmann::json::parse(text, nullptr, false);
    if (!object.is_object()) return fail("not a JSON object: " + printable(text, 64));
    return {};
}

} // namespace bulkhead
