// The keys of xl.cfg(5) that go straight into libxl's structure, one row each, and the checks that config/ makes with
// them. Needs no running Xen.
#pragma once

#include "base/result.hpp"
#include "xen/domain_spec.hpp"

#include <string>
#include <string_view>
#include <vector>

struct libxl_domain_config;

namespace bulkhead::xen {

std::vector<std::string> option_names();
bool knows_option(std::string_view key);

// Keys of xl.cfg(5) that this version does not carry out. They are refused: a domain without a device or a limit that
// its file asks for is not the domain that was asked for.
const std::vector<std::string>& unsupported_options();

// Is `value` one that the key allows? Errors say what is allowed, without the key's name or place.
Status check_option(std::string_view key, const ConfigValue& value);

// What a device's text means is libxlutil's business; these only ask it. Errors carry its words.
Status check_pci(const std::string& text);
Status check_rate(const std::string& text);

// Private to src/xen: sets the key in libxl's structure. A key that means nothing for the domain's type is ignored, as
// by xl.
Status apply_option(const OptionSpec& option, DomainType type, libxl_domain_config& config);

} // namespace bulkhead::xen
