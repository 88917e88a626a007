// For a vif whose ring the new driver domain cannot take over: detach and attach, for that client alone. The client
// sees its network card go and a new one come, with the same number, address and settings.
#pragma once

#include "base/result.hpp"
#include "driverdomain/client_vifs.hpp"
#include "xen/context.hpp"
#include "xen/domain_spec.hpp"

namespace bulkhead::driverdomain {

// As it was, served by `server`. Pure.
xen::NicSpec spec_of(const ClientVif& vif, unsigned server);

// For workers: waits for the backend to take the new vif up.
Status replace_vif(xen::Context& xen, const ClientVif& vif, unsigned server);

} // namespace bulkhead::driverdomain
