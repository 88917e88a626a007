// Fields of one object of a description in JSON; errors name the object and the key. For predict.cpp.
#pragma once

#include "base/result.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead::measure {

class DescriptionReader {
public:
    DescriptionReader(const nlohmann::json& object, std::string where) : object_(object), where_(std::move(where)) {}

    // Every key must be one of these.
    Status only(std::initializer_list<std::string_view> keys) const {
        if (!object_.is_object()) return fail(where_ + " is no object");
        for (const auto& [key, value] : object_.items()) {
            if (std::find(keys.begin(), keys.end(), key) == keys.end())
                return fail(where_ + ": unknown key '" + printable(key, 60) + "'");
        }
        return {};
    }
    [[nodiscard]] bool has(const char* key) const { return object_.contains(key); }
    [[nodiscard]] const nlohmann::json& at(const char* key) const { return object_.at(key); }
    Result<std::string> text(const char* key, std::optional<std::string> otherwise = std::nullopt) const {
        const auto found = object_.find(key);
        if (found == object_.end() && otherwise) return *otherwise;
        if (found == object_.end()) return fail(where_ + ": '" + key + "' is missing");
        if (!found->is_string()) return fail(where_ + ": '" + std::string(key) + "' is no text");
        return found->get<std::string>();
    }
    Result<std::vector<std::string>> texts(const char* key) const {
        std::vector<std::string> list;
        const auto found = object_.find(key);
        if (found == object_.end()) return list;
        if (!found->is_array()) return fail(where_ + ": '" + std::string(key) + "' is no list");
        for (const nlohmann::json& item : *found) {
            if (!item.is_string()) return fail(where_ + ": '" + std::string(key) + "' holds something that is no text");
            list.push_back(item.get<std::string>());
        }
        return list;
    }
    Result<std::map<std::string, std::string>> map(const char* key) const {
        std::map<std::string, std::string> all;
        const auto found = object_.find(key);
        if (found == object_.end()) return all;
        if (!found->is_object()) return fail(where_ + ": '" + std::string(key) + "' is no object");
        for (const auto& [name, value] : found->items()) {
            if (!value.is_string())
                return fail(where_ + ": '" + std::string(key) + "' holds something that is no text");
            all[name] = value.get<std::string>();
        }
        return all;
    }

private:
    const nlohmann::json& object_;
    std::string where_;
};

} // namespace bulkhead::measure
