// What an update changes, and whether it may be applied: before anybody tries. Pure.
#pragma once

#include "policy/policy.hpp"
#include "policy/problems.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace bulkhead::policy {

// Names in the document's order: the old one's for what goes, the next one's for what comes.
struct TypeChange {
    std::vector<std::string> added, removed;
};
struct LabelChange {
    std::string from, to; // the names; equal unless renamed
    TypeChange ste, wall; // types that it gains and loses
    [[nodiscard]] bool changes_types() const;
};
struct LabelChanges {
    std::vector<std::string> added, removed;
    std::vector<LabelChange> changed; // renamed or with other types
};
struct Difference {
    TypeChange ste, wall;
    TypeChange rules; // as "NAME: TYPE, TYPE"
    LabelChanges vm, resource;
    std::string bootstrap_from, bootstrap_to; // equal unless changed
    // Errors of check_succession and map_labels, and Domain-0's label at boot if the update drops it. Empty: it may be
    // applied on a host that has just booted; with domains running, unless they stand in its way.
    std::vector<Problem> problems;
};

Difference compare(const PolicyPtr& old, const PolicyPtr& next);

nlohmann::ordered_json difference_json(const Policy& old, const Policy& next, const Difference& difference);
std::string difference_text(const Policy& old, const Policy& next, const Difference& difference);

} // namespace bulkhead::policy
