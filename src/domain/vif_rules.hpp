// What a vif's port must obey on its bridge (net/port_rules.hpp), told to the agent of its driver domain through
// xenstore, or to dom0's kernel (dom0_fence.hpp), and kept where the driver domain cannot write and does not take it
// with it when it dies. For workers.
#pragma once

#include "base/result.hpp"
#include "domain/backend.hpp"
#include "domain/security_question.hpp"
#include "xen/domain_spec.hpp"
#include "xen/store.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::domain {

// From a vif with a MAC address; "" is one without rules. Pure. What the mandatory policy says of its domain belongs
// into spec.policy_types before.
Result<std::string> rules_of(const xen::NicSpec& spec);

// Puts what the policy says of the vif, whose number is set, into spec.policy_types. Where nothing keeps vifs apart by
// their types it only says so: the policy then does not reach this bridge.
void carry_types(xen::NicSpec& spec, const Permit& permit, const Backend& backend, const Progress& progress);

// dom0's own copy, /libxl/CLIENT/bulkhead-fence/DEVID, and the node that the agent reads, or dom0_fence.hpp. libxl
// touches neither. Below the copy, for the time after a mandatory policy: the types that the configuration has.
std::string rules_record(unsigned client, unsigned devid);
std::string configured_types(unsigned client, unsigned devid); // nothing but types=, or not there
std::string rules_node(unsigned server, unsigned client, unsigned devid);
// What the agent answers, in the backend directory: the rules that are in force.
std::string rules_in_force(unsigned server, unsigned client, unsigned devid);

// Before the vif's backend directory is made, or while the client cannot send. The agent serves no vif before its rules
// are in force; in dom0 they are in force when this returns. An error when types are asked for and nothing would
// enforce them; ENOENT when one of both domains has gone; EEXIST when another vif of dom0 has a link of this name.
Status tell_rules(xen::Store& store, unsigned client, const xen::NicSpec& spec, const Backend& backend,
                  const Progress& progress);

// For a vif that has rules: the types that the mandatory policy says now, or without one those of its configuration.
// Those of dom0's vifs are in force after install_dom0_fence(). False: it has no rules, or these already.
Result<bool> change_types(xen::Store& store, unsigned server, unsigned client, unsigned devid,
                          const std::optional<std::vector<std::string>>& by_policy);

// Waits until the agent of the driver domain says that they are in force, or the vif has gone. ETIMEDOUT after `end`.
Status await_rules(xen::Store& store, unsigned server, unsigned client, unsigned devid,
                   std::chrono::steady_clock::time_point end);

// dom0's copy to the driver domain that serves the vif, inside a transaction.
Status tell_again(xen::Nodes& now, unsigned server, unsigned client, unsigned devid);

// When a vif, or without `devid` a client with all its vifs, has gone. A failure is only logged: the next vif of that
// number gets its own rules.
void forget_rules(unsigned client, std::optional<unsigned> devid = {});

// The parts of vifs that only the rules know: `antispoof` and `types`.
Status add_rules(xen::Store& store, unsigned client, std::vector<xen::NicSpec>& nics);

} // namespace bulkhead::domain
