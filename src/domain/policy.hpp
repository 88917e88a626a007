// What the daemon does when one of its domains shuts down: kept in the journal as JSON. Pure.
#pragma once

#include "base/result.hpp"
#include "xen/domain_spec.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::domain {

struct Policy {
    xen::OnShutdown on_poweroff = xen::OnShutdown::destroy;
    xen::OnShutdown on_reboot = xen::OnShutdown::restart;
    xen::OnShutdown on_watchdog = xen::OnShutdown::destroy;
    xen::OnShutdown on_crash = xen::OnShutdown::destroy;
    xen::OnShutdown on_soft_reset = xen::OnShutdown::soft_reset;
    bool driver_domain = false;
    std::string supervise;      // "", "reincarnate", "restart", "none"
    long heartbeat_timeout = 0; // seconds; 0: the default
    bool spare = true;          // keep a saved spare of it
    // nullopt: nothing is to be done, as for a domain that was suspended. `reason`: as xen::DomainEvent.
    [[nodiscard]] std::optional<xen::OnShutdown> action(int reason) const;
};

Policy policy_of(const xen::DomainSpec& spec);
std::string print_policy(const Policy& policy);
Result<Policy> parse_policy(std::string_view json);

const char* reason_name(int reason);             // "poweroff", "crash", ...
const char* action_name(xen::OnShutdown action); // as in xl.cfg(5)

} // namespace bulkhead::domain
