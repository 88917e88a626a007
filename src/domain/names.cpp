#include "domain/names.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "xen/uuid.hpp"

#include <algorithm>
#include <cerrno>

namespace bulkhead::domain {

Result<xen::DomainInfo> find_domain(const std::vector<xen::DomainInfo>& domains, std::string_view wanted) {
    const auto search = [&](auto&& same) { return std::find_if(domains.begin(), domains.end(), same); };
    auto found = domains.end();
    const auto number = parse_unsigned(wanted, UINT32_MAX);
    const auto uuid = xen::normal_uuid(wanted);
    if (number) {
        found = search([&](const auto& d) { return d.id == *number; });
    } else if (uuid) {
        found = search([&](const auto& d) { return d.uuid == *uuid; });
    } else if (wanted == "Domain-0") {
        found = search([](const auto& d) { return d.id == 0; });
    } else {
        found = search([&](const auto& d) { return d.name == wanted; });
    }
    if (found != domains.end()) return *found;
    std::vector<std::string> names;
    for (const auto& domain : domains) names.push_back(domain.name);
    const std::string hint = number || uuid ? "" : did_you_mean(wanted, names);
    return fail("there is no domain '" + printable(wanted, 64) + "'" + hint + " (see: bulkhead list)", ENOENT);
}

} // namespace bulkhead::domain
