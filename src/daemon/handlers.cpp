#include "daemon/handlers.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cerrno>

namespace bulkhead::daemon {
namespace {

const Verb* find_verb(const std::string& name) {
    for (const std::vector<Verb>* group : {&domain_verbs(), &network_verbs(), &pci_verbs()}) {
        const auto found =
            std::find_if(group->begin(), group->end(), [&](const Verb& verb) { return name == verb.name; });
        if (found != group->end()) return &*found;
    }
    return nullptr;
}

} // namespace

void handle(domain::Manager& manager, const std::shared_ptr<Call>& call) {
    const Verb* verb = find_verb(call->request.verb);
    if (verb == nullptr) {
        call->error(
            {"bulkheadd knows no verb '" + printable(call->request.verb, 64) + "'; are both programs of one version?",
             ENOSYS});
        return;
    }
    if (!verb->for_everybody && call->uid != 0) {
        call->error({"only root may " + std::string(verb->name) + "; become root", EPERM});
        return;
    }
    const Status started = verb->run(manager, call);
    if (!started) call->error(started.error());
}

} // namespace bulkhead::daemon
