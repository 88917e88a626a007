// Xen's security module.
#include "daemon/arguments.hpp"
#include "daemon/handlers.hpp"

#include "base/file.hpp"
#include "xen/xsm.hpp"

#include <cerrno>
#include <functional>

namespace bulkhead::daemon {
namespace {

// The mode; the booleans and Domain-0's context where there are any.
Result<std::string> xsm_state(xen::Context&, const WorkerSide&) {
    xen::Xsm xsm = TRY(xen::Xsm::open());
    const xen::XsmMode mode = TRY(xsm.mode());
    json answer = {{"mode", xen::name_of(mode)}, {"booleans", json::object()}, {"domain0", ""}};
    if (mode != xen::XsmMode::absent) {
        const xen::Xsm::Booleans booleans = TRY(xsm.booleans());
        for (const auto& [name, value] : booleans) answer["booleans"][name] = value;
        answer["domain0"] = TRY(xsm.context_of(0));
    }
    return json_line(answer);
}

Status show_xsm(Manager& manager, const CallPointer& call) {
    return run_while_connected(manager, call, manager.run("xsm", query_deadline, xsm_state, reply_to(call)));
}

Status change_xsm(Manager& manager, const CallPointer& call, std::function<Status(xen::Xsm&)> what) {
    const auto body = [what = std::move(what)](xen::Context&, const WorkerSide&) -> Result<std::string> {
        xen::Xsm xsm = TRY(xen::Xsm::open());
        TRY(what(xsm));
        return std::string("{}");
    };
    TRY(manager.run("xsm", query_deadline, body, reply_to(call)));
    return {};
}

Status enforce_xsm(Manager& manager, const CallPointer& call) {
    const bool enforcing = TRY(Arguments(*call).flag("enforcing"));
    return change_xsm(manager, call, [enforcing](xen::Xsm& xsm) { return xsm.set_enforcing(enforcing); });
}

Status load_xsm(Manager& manager, const CallPointer& call) {
    const std::string file = TRY(Arguments(*call).needed_text("file"));
    if (file[0] != '/') return fail("the file's path must be absolute", EINVAL);
    return change_xsm(manager, call, [file](xen::Xsm& xsm) -> Status {
        std::string policy = TRY(read_file(file, xen::flask_policy_max));
        return context(xsm.load(std::move(policy)), file);
    });
}

Status set_xsm_boolean(Manager& manager, const CallPointer& call) {
    const std::string name = TRY(Arguments(*call).needed_text("name"));
    const bool value = TRY(Arguments(*call).flag("value"));
    return change_xsm(manager, call, [name, value](xen::Xsm& xsm) { return xsm.set_booleans({{name, value}}); });
}

} // namespace

const std::vector<Verb>& xsm_verbs() {
    static const std::vector<Verb> verbs = {{"xsm", true, show_xsm},
                                            {"xsm-enforce", false, enforce_xsm},
                                            {"xsm-load", false, load_xsm},
                                            {"xsm-boolean", false, set_xsm_boolean}};
    return verbs;
}

} // namespace bulkhead::daemon
