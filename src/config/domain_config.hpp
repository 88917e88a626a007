// xl.cfg(5): from a file's text to a DomainSpec. Pure; needs no Xen.
#pragma once

#include "base/result.hpp"
#include "config/xl_conf.hpp"
#include "xen/domain_spec.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::config {

struct ParsedDomain {
    xen::DomainSpec spec;
    std::vector<std::string> warnings; // "FILE:LINE: ..."
};

// Errors: "FILE:LINE: KEY: what is wrong and what is allowed". An unknown key is a warning, as xl ignores it.
Result<ParsedDomain> parse_domain(std::string_view text, const std::string& source, const XlConf& host);

// A domain's name: 1 to 256 printable ASCII characters without space and '/', and not a number (that would be an id).
Status check_name(std::string_view name);

// xl's way to override a file from the command line: the assignments, one per line, behind the file's text.
std::string with_overrides(std::string_view text, const std::vector<std::string>& assignments);

} // namespace bulkhead::config
