#include "daemon/arguments.hpp"
#include "daemon/handlers.hpp"

namespace bulkhead::daemon {
namespace {

using driverdomain::Supervisor;

constexpr std::size_t history_shown = 1000;

Status list(Supervisor& supervisor, const CallPointer& call) {
    call->result(supervisor.list());
    return {};
}

Status show(Supervisor& supervisor, const CallPointer& call) {
    return supervisor.show(TRY(Arguments(*call).needed_text("domain")), reply_to(call));
}

Status restart(Supervisor& supervisor, const CallPointer& call) {
    const Arguments arguments(*call);
    return supervisor.restart(TRY(arguments.needed_text("domain")), TRY(arguments.texts("overrides")), reply_to(call));
}

// Each event is a line of progress; with "follow" the call ends when its client goes.
Status events(Supervisor& supervisor, const CallPointer& call) {
    const Arguments arguments(*call);
    const std::string name = TRY(arguments.text("domain"));
    const bool follow = TRY(arguments.flag("follow"));
    const auto past = TRY(supervisor.history(name, history_shown));
    for (const domain::HistoryEntry& entry : past) call->progress(Supervisor::print(entry));
    if (!follow) {
        call->result("{}");
        return {};
    }
    const auto listener = [call, name](const domain::HistoryEntry& entry) {
        if (name.empty() || name == entry.name || name == entry.uuid) call->progress(Supervisor::print(entry));
    };
    const std::uint64_t id = supervisor.subscribe(listener);
    call->on_disconnect([&supervisor, id] { supervisor.unsubscribe(id); });
    return {};
}

} // namespace

const std::vector<DriverDomainVerb>& driverdomain_verbs() {
    static const std::vector<DriverDomainVerb> verbs = {{"driverdomain-list", true, list},
                                                        {"driverdomain-show", true, show},
                                                        {"driverdomain-restart", false, restart},
                                                        {"driverdomain-events", true, events}};
    return verbs;
}

} // namespace bulkhead::daemon
