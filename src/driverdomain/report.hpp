// A rebirth's result and a driver domain's clients as JSON: what the worker tells the daemon, and people.
#pragma once

#include "driverdomain/rebirth.hpp"

#include <string>

namespace bulkhead::driverdomain {

std::string print_report(const RebirthReport& report);

// The vifs that the driver domain with this id serves and how they are ("vifs"), and what it uses of xenstored's limits
// ("quota"). For workers.
Result<std::string> print_clients(xen::Context& xen, unsigned server);

} // namespace bulkhead::driverdomain
