// Whether a host is ready for Bulkhead: facts in, findings out. Pure.
#pragma once

#include "host/facts.hpp"

#include <string>
#include <vector>

namespace bulkhead::host {

enum class State { ok, warning, problem };
const char* state_text(State state); // "ok", "warning", "problem"

struct Finding {
    const char* id = ""; // "iommu": stays the same, for scripts
    State state = State::ok;
    std::string text;   // what was seen
    std::string remedy; // a command or a setting; empty when there is nothing to do
};

// What one vif takes of a driver domain's share of xenstored.
struct VifNeeds {
    unsigned nodes = 1, watches = 1;
};

// In the order in which a person would repair. Without Xen the first finding says so, and what only a running Xen could
// tell is left out.
std::vector<Finding> judge(const Facts& facts, const VifNeeds& needs);

} // namespace bulkhead::host
