// Which domain a person means: by name, id or UUID. Pure.
#pragma once

#include "base/result.hpp"
#include "xen/domain.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::domain {

// "Domain-0" and "0" are dom0. A number is an id; anything else is a UUID, if it looks like one, or a name. Errors say
// what is nearest.
Result<xen::DomainInfo> find_domain(const std::vector<xen::DomainInfo>& domains, std::string_view wanted);

} // namespace bulkhead::domain
