// Workloads: a policy in the words of ezPolicy: organisations, their departments, and which of them exclude each other.
// Pure.
#pragma once

#include "policy/document.hpp"
#include "policy/problems.hpp"

#include <string>
#include <vector>

namespace bulkhead::policy {

constexpr std::size_t organisations_max = 10'000;
constexpr std::size_t departments_max = 10'000; // of one organisation
constexpr std::size_t exclusions_max = 10'000;

struct Organisation {
    Text name;
    std::vector<Text> departments;
    bool operator==(const Organisation&) const = default;
};

// A run-time exclusion rule. Its types are organisations, as "A-Bank", and departments, as "A-Bank.MarketAnalysis".
struct Exclusion {
    Text name; // empty: "RER"
    std::vector<Text> types;
    bool operator==(const Exclusion&) const = default;
};

struct Workloads {
    std::vector<Organisation> organisations; // __UNLABELED__ is one, when domains without a label may run
    std::vector<Exclusion> exclusions;
    bool operator==(const Workloads&) const = default;
};

struct NamedWorkloads {
    std::string name; // the policy's; empty: not given
    Workloads workloads;
};

// The policy, version 1.0, as ezPolicy would make it: a type and a label of each kind for SystemManagement and for
// every organisation and department; departments carry their organisation's Chinese Wall type, so that what excludes
// the organisation excludes them; SystemManagement, which Domain-0 boots as, has all STE types. A rule of fewer than
// two types excludes nothing: it is left out with a warning. The document is only good if there are no errors.
Document translate(const Workloads& workloads, const std::string& policy_name, const std::string& date,
                   Problems& problems);

} // namespace bulkhead::policy
