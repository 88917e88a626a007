// Domains that are kept whether they run or not.
#include "daemon/arguments.hpp"
#include "daemon/handlers.hpp"

namespace bulkhead::daemon {
namespace {

Status keep(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const bool autostart = TRY(arguments.flag("autostart"));
    return run_while_connected(manager, call,
                               manager.keep_domain(TRY(create_request(arguments)), autostart, reply_to(call)));
}

Status start(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const bool paused = TRY(arguments.flag("paused"));
    TRY(manager.start_kept(TRY(arguments.needed_text("domain")), paused, reply_to(call)));
    return {};
}

Status suspend(Manager& manager, const CallPointer& call) {
    const domain::Workers::Id id =
        TRY(manager.suspend_kept(TRY(Arguments(*call).needed_text("domain")), reply_to(call)));
    call->on_disconnect([&manager, id] { manager.stop(id); });
    return {};
}

Status drop(Manager& manager, const CallPointer& call) {
    TRY(manager.drop_kept(TRY(Arguments(*call).needed_text("domain"))));
    call->result("{}");
    return {};
}

Status update(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const std::string wanted = TRY(arguments.needed_text("domain"));
    return run_while_connected(manager, call,
                               manager.update_config(wanted, TRY(create_request(arguments)), reply_to(call)));
}

// As a request of `create` or `dry-run`.
Status config(Manager& manager, const CallPointer& call) {
    const domain::KeptDomain kept = TRY(manager.find_kept(TRY(Arguments(*call).needed_text("domain"))));
    call->result(json_line({{"config", kept.config}, {"source", kept.source}, {"directory", kept.directory}}));
    return {};
}

} // namespace

const std::vector<Verb>& kept_verbs() {
    static const std::vector<Verb> verbs = {
        {"new", false, keep},    {"start", false, start},          {"suspend", false, suspend},
        {"delete", false, drop}, {"config-update", false, update}, {"kept-config", false, config}};
    return verbs;
}

} // namespace bulkhead::daemon
