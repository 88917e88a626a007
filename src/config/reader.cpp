#include "config/reader.hpp"

#include "base/text.hpp"

namespace bulkhead::config {

tl::unexpected<Error> Reader::error(std::string_view key, unsigned line, const std::string& what) const {
    return fail(tree_.source + ":" + std::to_string(line) + ": " + std::string(key) + ": " + what);
}

tl::unexpected<Error> Reader::error(std::string_view key, const std::string& what) const {
    const xen::ConfigValue* value = tree_.find(key);
    return error(key, value == nullptr ? 1 : value->line, what);
}

Result<std::optional<std::string>> Reader::text(std::string_view key) const {
    const xen::ConfigValue* value = tree_.find(key);
    if (value == nullptr) return std::optional<std::string>();
    if (value->is_list) return error(key, value->line, "must be one value, not a list");
    return std::optional<std::string>(value->text);
}

Result<std::optional<long>> Reader::number(std::string_view key, long least, long most) const {
    const std::optional<std::string> value = TRY(text(key));
    if (!value) return std::optional<long>();
    const std::optional<long> number = xen::number_of(*value);
    if (!number || *number < least || *number > most) {
        return error(key, "'" + printable(*value, 64) + "' is not a number from " + std::to_string(least) + " to " +
                              std::to_string(most));
    }
    return number;
}

Result<std::optional<bool>> Reader::flag(std::string_view key) const {
    const std::optional<std::string> value = TRY(text(key));
    if (!value) return std::optional<bool>();
    const std::optional<long> number = xen::number_of(*value);
    if (!number) {
        return error(key, "'" + printable(*value, 64) + "' must be 0 or 1");
    }
    return std::optional<bool>(*number != 0);
}

Result<std::vector<const xen::ConfigValue*>> Reader::texts(std::string_view key) const {
    std::vector<const xen::ConfigValue*> found;
    const xen::ConfigValue* value = tree_.find(key);
    if (value == nullptr) return found;
    if (!value->is_list) {
        return error(key, value->line, "must be a list: " + std::string(key) + " = [ \"...\" ]");
    }
    for (const xen::ConfigValue& item : value->items) {
        if (item.is_list) return error(key, item.line, "must be a list of strings, not of lists");
        found.push_back(&item);
    }
    return found;
}

} // namespace bulkhead::config
