// In which order a host's domains start: backends first. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bulkhead::cli {

struct Startable {
    std::string name;
    std::vector<std::string> backends; // names of the domains that serve its devices
};

// Groups of indices: those of a group may start side by side once the groups before it have. A backend that is not in
// the list counts for nothing. Domains that wait for each other in a circle come last, together.
std::vector<std::vector<std::size_t>> start_order(const std::vector<Startable>& domains);

} // namespace bulkhead::cli
