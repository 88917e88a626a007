// The verbs of the local API: one table, one function each.
#pragma once

#include "base/result.hpp"
#include "daemon/server.hpp"
#include "domain/manager.hpp"
#include "driverdomain/supervisor.hpp"

#include <memory>
#include <string>
#include <vector>

namespace bulkhead::daemon {

struct Verb {
    const char* name;
    bool for_everybody; // else only root
    // Answers `call`, now or later. An error returned is answered for it.
    Status (*run)(domain::Manager& manager, const std::shared_ptr<Call>& call);
};

const std::vector<Verb>& domain_verbs();
const std::vector<Verb>& kept_verbs();
const std::vector<Verb>& network_verbs();
const std::vector<Verb>& block_verbs();
const std::vector<Verb>& pci_verbs();
const std::vector<Verb>& usb_verbs();
const std::vector<Verb>& tuning_verbs();
const std::vector<Verb>& cpupool_verbs();
const std::vector<Verb>& guest_verbs();
const std::vector<Verb>& hypervisor_verbs();
const std::vector<Verb>& top_verbs();
const std::vector<Verb>& policy_verbs();
const std::vector<Verb>& xsm_verbs();

struct DriverDomainVerb {
    const char* name;
    bool for_everybody;
    Status (*run)(driverdomain::Supervisor& supervisor, const std::shared_ptr<Call>& call);
};
const std::vector<DriverDomainVerb>& driverdomain_verbs();

// Finds the verb, checks the right to it, runs it.
void handle(domain::Manager& manager, driverdomain::Supervisor& supervisor, const std::shared_ptr<Call>& call);

} // namespace bulkhead::daemon
