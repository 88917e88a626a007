#include "daemon/handlers.hpp"

#include "base/text.hpp"

#include <cerrno>
#include <functional>
#include <optional>

namespace bulkhead::daemon {
namespace {

// Either kind of verb: may this client, and what to do.
struct Found {
    bool for_everybody;
    std::function<Status()> run;
};

std::optional<Found> find_verb(domain::Manager& manager, driverdomain::Supervisor& supervisor,
                               const std::shared_ptr<Call>& call) {
    for (const std::vector<Verb>* group :
         {&domain_verbs(), &kept_verbs(), &network_verbs(), &block_verbs(), &pci_verbs(), &usb_verbs(), &tuning_verbs(),
          &cpupool_verbs(), &guest_verbs(), &hypervisor_verbs(), &top_verbs(), &policy_verbs(), &xsm_verbs()}) {
        for (const Verb& verb : *group) {
            if (call->request.verb == verb.name)
                return Found{verb.for_everybody, [&manager, &verb, call] { return verb.run(manager, call); }};
        }
    }
    for (const DriverDomainVerb& verb : driverdomain_verbs()) {
        if (call->request.verb == verb.name)
            return Found{verb.for_everybody, [&supervisor, &verb, call] { return verb.run(supervisor, call); }};
    }
    return std::nullopt;
}

} // namespace

void handle(domain::Manager& manager, driverdomain::Supervisor& supervisor, const std::shared_ptr<Call>& call) {
    const auto verb = find_verb(manager, supervisor, call);
    if (!verb) {
        call->error(
            {"bulkheadd knows no verb '" + printable(call->request.verb, 64) + "'; are both programs of one version?",
             ENOSYS});
        return;
    }
    if (!verb->for_everybody && call->uid != 0) {
        call->error({"only root may " + call->request.verb + "; become root", EPERM});
        return;
    }
    const Status started = verb->run();
    if (!started) call->error(started.error());
}

} // namespace bulkhead::daemon
