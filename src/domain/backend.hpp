// A driver domain as its clients' toolstack sees it: is its agent ready, which bridge does it have. For workers. What a
// driver domain writes is a stranger's word: bounded and checked.
#pragma once

#include "base/result.hpp"
#include "xen/domain.hpp"
#include "xen/quota.hpp"
#include "xen/store.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::domain {

using Progress = std::function<void(std::string_view)>;

struct Backend {
    unsigned id = 0;
    std::string name;
    bool has_agent = false; // it publishes data/bulkhead/state
    std::string bridge;     // of the agent; empty: unknown
};

// `wanted`: name, id or UUID; empty: dom0. Waits, at most `patience`, until an agent that is starting is ready. Errors:
// no such domain, its agent failed (with the agent's reason), not ready in time. A domain without our agent is taken as
// it is.
Result<Backend> find_backend(xen::Store& store, const std::vector<xen::DomainInfo>& domains, const std::string& wanted,
                             std::chrono::seconds patience, const Progress& progress);

// Now, without waiting. nullopt: it is not there or not ready, and may come; a domain id that nobody has never comes.
Result<std::optional<Backend>> ready_backend(xen::Store& store, const std::vector<xen::DomainInfo>& domains,
                                             const std::string& wanted);

// As find_backend(), and waits for the domain itself, too, which need not exist yet.
Result<Backend> await_backend(xen::Context& xen, xen::Store& store, const std::string& wanted,
                              std::chrono::seconds patience, const Progress& progress);

// Fills in what `nic` leaves open: the backend's id, the agent's own bridge, dom0's hotplug program.
void complete(xen::NicSpec& nic, const Backend& backend);

} // namespace bulkhead::domain
