// The tree of an xl.cfg(5) file, read by libxlutil, with the line of every value. Needs no Xen.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::xen {

struct ConfigValue {
    bool is_list = false;
    std::string text;               // a string or a number; libxlutil does not tell them apart
    std::vector<ConfigValue> items; // of a list
    unsigned line = 0;              // 1 for the first line
};

struct ConfigEntry {
    std::string key;
    ConfigValue value;
};

struct ConfigTree {
    std::string source;               // the file's name, for messages
    std::vector<ConfigEntry> entries; // one per key, in order of the last assignment
    [[nodiscard]] const ConfigValue* find(std::string_view key) const;
};

constexpr std::size_t config_size_max = 256 * 1024;

// Errors: "SOURCE:LINE: ..." as libxlutil reports them, a NUL byte, more than config_size_max bytes. A later assignment
// of the same key replaces the earlier one and += appends to it, as for xl. libxlutil asserts on lack of memory: hand
// it strangers' text only in a process that may die.
Result<ConfigTree> read_config(std::string_view text, const std::string& source);

// As xlu_cfg_get_long(): any base that C knows.
std::optional<long> number_of(const std::string& text);

} // namespace bulkhead::xen
