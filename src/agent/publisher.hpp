// Publisher: what the driver domain says about itself below data/bulkhead (docs/xenstore.md). It writes only what has
// changed, and can say all of it again after xenstore was lost.
#pragma once

#include "agent/uplink.hpp"
#include "base/result.hpp"
#include "xen/store.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::agent {

class Publisher {
public:
    explicit Publisher(xen::Store& store) : store_(store) {}

    // Writes the beginning: what an earlier run left is removed in the same transaction.
    Status start(const std::string& bridge);
    Status state(const std::string& text); // "starting", "ready", "failed: REASON", "stopping"
    Status card(const std::optional<Card>& card);
    Status heartbeat();
    Status memory(); // total and available KiB from /proc/meminfo
    // Milliseconds since the domain booted, under timing/NAME; only the first call of a name counts.
    Status timing(const std::string& name);
    Status again(); // writes everything, after a reconnection
    Result<bool> is_there();

private:
    Status set(const std::string& name, const std::string& value);
    Status clear(const std::string& name);

    xen::Store& store_;
    std::map<std::string, std::string> written_;
    std::uint64_t beats_ = 0;
};

// Value of a line such as "MemTotal:  96000 kB"; nullopt: no such line. Pure.
std::optional<std::uint64_t> meminfo_kib(std::string_view text, std::string_view name);

} // namespace bulkhead::agent
