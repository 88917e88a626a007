// What xenstored allows one domain, and what it uses of that. A driver domain owns the backend nodes of all its
// clients, so these limits are what ends its capacity first. C xenstored tells both and lets them be raised while it
// runs (xenstored_control.c); oxenstored tells only the nodes (quota.ml) and takes its limits from oxenstored.conf.
#pragma once

#include "base/result.hpp"
#include "xen/store.hpp"

#include <optional>
#include <string_view>

namespace bulkhead::xen {

struct Use {
    unsigned used = 0;
    unsigned limit = 0;
    bool operator==(const Use&) const = default;
};

struct Quota {
    std::optional<Use> nodes, watches; // nullopt: this xenstored does not tell
};

Result<Quota> quota_of(Store& store, unsigned domain);

// The limits for every domain; one that is higher already stays. false: this xenstored cannot be told.
Result<bool> raise_quota(Store& store, unsigned nodes, unsigned watches);

// "NAME : NUMBER ..." of a line of C xenstored's answers. Pure.
std::optional<unsigned> quota_number(std::string_view answer, std::string_view name);
// "dom3 quota: 45/1000" of oxenstored. Pure.
std::optional<Use> quota_pair(std::string_view answer);

} // namespace bulkhead::xen
