// A domain's configuration as the domain is now: what was attached, detached, given and taken since it was made is
// written behind the file's text, where the last assignment counts. Pure.
#pragma once

#include "domain/journal.hpp"
#include "xen/domain_spec.hpp"
#include "xen/live.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::domain {

// `config`: the text that the domain was made from, `spec`: that text parsed, `pending`: vifs of it that still wait for
// their driver domain. What an earlier live_config() wrote is replaced.
std::string live_config(std::string_view config, const xen::DomainSpec& spec, const std::string& name,
                        const xen::Live& live, const std::vector<PendingVif>& pending);

// The configuration with this label, or without one.
std::string with_label(std::string_view config, const std::optional<xen::LabelSpec>& label);

} // namespace bulkhead::domain
