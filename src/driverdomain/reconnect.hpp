// Steps 4 to 6 of a reincarnation: the new driver domain has the dead one's domid; its clients' frontends are as they
// were, connected to rings that nobody serves. The permissions are given again and the backend directories written
// again; netback finds a frontend that is connected already and maps its rings. docs/driver-domains.md says why that is
// sound. For workers: it waits.
#pragma once

#include "base/result.hpp"
#include "driverdomain/client_vifs.hpp"
#include "xen/store.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace bulkhead::driverdomain {

// xenstored forgets what a domain might read as soon as it dies. Lets `vif.server` read the client's frontend
// directory, its nodes and those of its queues again. What the client made there is a stranger's: at most `nodes_max`
// nodes are looked at. False: the client or its vif has gone.
Result<bool> grant_again(xen::Store& store, const ClientVif& vif);
constexpr std::size_t nodes_max = 4096;

// Writes the backend directory in its first state, in one transaction with a look at whether the vif still exists.
// A directory that is there and in use is left alone, so that doing it twice does no harm. False: the vif has gone.
Result<bool> write_backend(xen::Store& store, const ClientVif& vif);

enum class VifOutcome {
    connected, // traffic flows
    waiting,   // the client is not there yet, or goes away; both ends do the rest by themselves
    gone,      // the vif was removed meanwhile
    refused,   // netback does not take the ring, or the agent not the vif
};

struct VifReport {
    ClientVif vif;
    VifOutcome outcome = VifOutcome::waiting;
    std::string reason;            // of waiting and refused
    unsigned queues = 1;           // as the client says, 1 to 64
    bool client_connected = false; // its end is in state Connected
};

// Looks at both ends. Pure but for reading.
Result<VifReport> look(xen::Store& store, const ClientVif& vif);

// Waits by watches until no vif is on its way any more, or none has arrived for `patience`: netback and the agent take
// one after the other, and many take long. What is not connected by then counts as refused. The vifs' connections may
// already be under way.
Result<std::vector<VifReport>> await_vifs(xen::Store& store, std::vector<ClientVif> vifs,
                                          std::chrono::milliseconds patience);

} // namespace bulkhead::driverdomain
