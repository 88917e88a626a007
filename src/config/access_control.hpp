// A security label as configurations carry it: xm's access_control = ['policy=mytest,label=A-Bank'] (Xen 3 users'
// manual, 10.3.4), and policy=, label= of a vif. Pure.
#pragma once

#include "base/result.hpp"
#include "xen/domain_spec.hpp"

#include <string>
#include <string_view>

namespace bulkhead::config {

// One entry of the list: policy=, label= and, of ours, version=, in any order; type=ACM is allowed. Whether there is
// such a policy is not asked. Errors: xm's words for a bad specifier, or "VM label '...' in wrong format."
Result<xen::LabelSpec> parse_access_control(std::string_view text);

// The text that parse_access_control() reads back.
std::string print_access_control(const xen::LabelSpec& label);

// Sets a part of a label, as vif= has them. False: `key` is none of its words.
Result<bool> set_label_word(std::string_view key, std::string_view value, xen::LabelSpec& label);

} // namespace bulkhead::config
