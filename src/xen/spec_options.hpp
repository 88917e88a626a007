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
bool option_applies(std::string_view key, DomainType type); // false: xl does not even look at it

// What a check has to say besides "no": the line of the item that is wrong, and words that were ignored.
struct OptionNotes {
    unsigned line = 0;
    std::vector<std::string> warnings;
};

// Is `value` one that the key allows? Errors say what is allowed, without the key's name; notes.line is where.
Status check_option(std::string_view key, const ConfigValue& value, OptionNotes& notes);

const ConfigValue* find_option(const std::vector<OptionSpec>& options, std::string_view key); // nullptr: not there

// What a device's text means is libxlutil's business; these only ask it. Errors carry its words.
Status check_pci(const std::string& text);
Status check_rate(const std::string& text);

// Private to src/xen: sets the keys in libxl's structure, in an order that does not depend on the file's. A key that
// means nothing for the domain's type is ignored, as by xl. cpus, cpus_soft, vnuma and ms_vm_genid need Xen and are
// spec_convert.cpp's.
Status apply_options(const std::vector<OptionSpec>& options, DomainType type, libxl_domain_config& config);

} // namespace bulkhead::xen
