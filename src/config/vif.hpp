// xl-network-configuration(5): "mac=00:16:3e:00:00:01,bridge=xenbr0,backend=ndvm". Pure, bounded.
#pragma once

#include "base/result.hpp"
#include "xen/domain_spec.hpp"

#include <string>
#include <string_view>

namespace bulkhead::config {

// Sets what `text` says in `nic`, which holds the defaults beforehand. Words are separated by commas; `network-attach`
// takes them separated by spaces too. Errors name the word and what is allowed.
Status parse_vif(std::string_view text, xen::NicSpec& nic);

// The text that parse_vif() reads back as the same vif.
std::string print_vif(const xen::NicSpec& nic);

} // namespace bulkhead::config
