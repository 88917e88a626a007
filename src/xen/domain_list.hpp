// list_domains(): what Xen and xenstore know of the domains, quickly enough for the daemon's own loop.
#pragma once

#include "base/result.hpp"
#include "xen/context.hpp"
#include "xen/watched_nodes.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace bulkhead::xen {

struct DomainInfo {
    unsigned id = 0;
    std::string name;
    std::string uuid;
    std::string type; // "pv", "pvh", "hvm"
    bool running = false, blocked = false, paused = false, shutdown = false, dying = false;
    int shutdown_reason = -1; // as DomainEvent; -1 while it has not shut down
    std::uint64_t memory_kib = 0;
    std::uint64_t max_memory_kib = 0;
    unsigned vcpus = 0;
    std::uint64_t cpu_time_ns = 0;
};

// In order of their ids. Who asks often brings `nodes`, in which names stay.
Result<std::vector<DomainInfo>> list_domains(Context& xen, WatchedNodes* nodes = nullptr);

} // namespace bulkhead::xen
