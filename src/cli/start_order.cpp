#include "cli/start_order.hpp"

#include <algorithm>
#include <set>

namespace bulkhead::cli {

std::vector<std::vector<std::size_t>> start_order(const std::vector<Startable>& domains) {
    std::set<std::string> waiting; // names
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i < domains.size(); ++i) {
        waiting.insert(domains[i].name);
        left.push_back(i);
    }
    std::vector<std::vector<std::size_t>> groups;
    while (!left.empty()) {
        const auto waits = [&](std::size_t i) {
            const std::vector<std::string>& needs = domains[i].backends;
            return std::any_of(needs.begin(), needs.end(), [&](const std::string& name) {
                return name != domains[i].name && waiting.contains(name);
            });
        };
        const auto ready = std::stable_partition(left.begin(), left.end(), waits);
        std::vector<std::size_t> group(ready, left.end());
        left.erase(ready, left.end());
        if (group.empty()) group.swap(left); // a circle
        for (const std::size_t i : group) waiting.erase(domains[i].name);
        groups.push_back(std::move(group));
    }
    return groups;
}

} // namespace bulkhead::cli
