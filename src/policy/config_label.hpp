// A domain's label in its configuration file, as `xm addlabel ... dom` wrote it (Xen 3 users' manual, 10.2.4):
//
//     access_control = ['policy=mytest,label=A-Bank']
//
// Finds, adds and takes it out in the text of an xl.cfg(5) or xm file and leaves every other byte alone. Pure.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::policy {

constexpr std::size_t config_file_max = 256 * 1024; // bytes, as bulkheadd takes them

struct ConfigLabel {
    std::string policy, label;
    std::string version; // of the policy; empty: not said
    unsigned line = 0;   // from 1
    bool operator==(const ConfigLabel&) const = default;
};

// All three refuse, with SOURCE:LINE, a file that is no configuration, one with several labels, and one in which it is
// not certain what belongs to the label. A label in a comment is none.

// nullopt: the file has no label.
Result<std::optional<ConfigLabel>> find_config_label(std::string_view text, const std::string& source);

// The text with the label as a line of its own behind it. Refuses a text that has one already, with EEXIST.
Result<std::string> add_config_label(std::string_view text, const std::string& source, const std::string& policy,
                                     const std::string& label);

// The text with '#' before each line of the label. Refuses a text that has none, with ENOENT.
Result<std::string> remove_config_label(std::string_view text, const std::string& source);

} // namespace bulkhead::policy
