// dom0's own fence: what the vifs on dom0's bridges must obey, as one table in dom0's kernel (net/fence.hpp). The table
// is made anew, as a whole, from what xenstore holds. For workers.
#pragma once

#include "base/result.hpp"
#include "net/nft_message.hpp"
#include "xen/domain_spec.hpp"
#include "xen/store.hpp"

#include <functional>
#include <string>

namespace bulkhead::domain {

// The names that the vif's links have in dom0, with spaces between: its own, and that of its emulated card.
std::string links_in_dom0(unsigned client, const xen::NicSpec& nic);

using ApplyRules = std::function<Status(const net::nft::Batch&)>; // net::Nftables::apply()

// From /local/domain/0/bulkhead/fence/CLIENT/DEVID, a vif's rules, and its node `links`. Those of clients that have
// gone are removed. Without rules there is no table. Errors: EEXIST, two vifs have a link of one name; the kernel's.
// Then the old table holds.
Status install_dom0_fence(xen::Store& store, const ApplyRules& apply);
// With dom0's kernel, one worker at a time.
Status install_dom0_fence(xen::Store& store);

} // namespace bulkhead::domain
