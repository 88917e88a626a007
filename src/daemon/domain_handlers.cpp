#include "daemon/arguments.hpp"
#include "daemon/handlers.hpp"

#include "base/file.hpp"
#include "base/object_text.hpp"
#include "base/text.hpp"
#include "domain/create.hpp"
#include "domain/names.hpp"
#include "xen/store.hpp"

#include <cerrno>
#include <set>

namespace bulkhead::daemon {
namespace {

constexpr seconds short_deadline{30}; // the guest need not do anything, or may ignore it

ObjectText describe(const xen::DomainInfo& domain) {
    ObjectText object;
    object.number("id", std::uint64_t{domain.id});
    object.text("name", domain.name);
    object.text("uuid", domain.uuid);
    object.text("type", domain.type);
    object.number("memory_kib", domain.memory_kib);
    object.number("max_memory_kib", domain.max_memory_kib);
    object.number("vcpus", std::uint64_t{domain.vcpus});
    object.number("cpu_time_ns", domain.cpu_time_ns);
    object.truth("running", domain.running);
    object.truth("blocked", domain.blocked);
    object.truth("paused", domain.paused);
    object.truth("shutdown", domain.shutdown);
    object.truth("dying", domain.dying);
    if (domain.shutdown) {
        object.number("shutdown_code", std::int64_t{domain.shutdown_reason});
        object.text("shutdown_reason", domain::reason_name(domain.shutdown_reason));
    }
    return object;
}

Status no_dom0(const xen::DomainInfo& domain, const char* verb) {
    if (domain.id == 0) return fail(std::string("Domain-0 is the host itself: refusing to ") + verb + " it", EINVAL);
    return {};
}

std::string describe_idle(Manager& manager, const domain::KeptDomain& domain) {
    return json_line({{"id", nullptr},
                      {"name", domain.name},
                      {"uuid", domain.uuid},
                      {"suspended", exists(manager.suspended_image(domain.uuid))},
                      {"autostart", domain.autostart}});
}

Status list(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const auto all = TRY(manager.list());
    manager.security().reconcile(all);
    const policy::Host* const host = manager.security().host();
    std::vector<std::string> running, idle;
    const auto add = [&](const xen::DomainInfo& domain) {
        ObjectText object = describe(domain);
        object.truth("managed", manager.owns(domain.uuid));
        if (const auto types = manager.security().types(domain::policy_uuid(domain))) {
            object.text("policy", host->policy()->name());
            object.text("label", types->label);
        }
        running.push_back(std::move(object).end());
    };
    const auto wanted = TRY(arguments.texts("domains"));
    for (const std::string& name : wanted) {
        const auto domain = domain::find_domain(all, name);
        const auto kept = domain ? domain::KeptDomain() : manager.find_kept(name).value_or(domain::KeptDomain());
        if (kept.uuid.empty())
            add(TRY(domain));
        else
            idle.push_back(describe_idle(manager, kept));
    }
    if (wanted.empty()) {
        std::set<std::string_view> uuids;
        for (const auto& domain : all) {
            add(domain);
            uuids.insert(domain.uuid);
        }
        for (const domain::KeptDomain& domain : TRY(manager.kept())) {
            if (!uuids.contains(domain.uuid)) idle.push_back(describe_idle(manager, domain));
        }
    }
    call->result("{\"domains\":[" + join(running, ",") + "],\"kept\":[" + join(idle, ",") + "]}");
    return {};
}

Status list_long(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    std::vector<unsigned> ids;
    for (const std::string& name : TRY(arguments.texts("domains"))) ids.push_back(TRY(manager.find(name)).id);
    if (ids.empty()) {
        for (const auto& domain : TRY(manager.list())) ids.push_back(domain.id);
    }
    const auto body = [ids](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        json configs = json::array();
        for (const unsigned id : ids) {
            const auto config = xen::domain_config(xen, id);
            if (!config) continue; // it ended meanwhile
            configs.push_back({{"domid", id}, {"config", json::parse(*config, nullptr, false)}});
        }
        return json_line({{"configs", configs}});
    };
    return run_while_connected(manager, call, manager.run("list -l", seconds(60), body, reply_to(call)));
}

Status create(Manager& manager, const CallPointer& call) {
    TRY(manager.create(TRY(create_request(Arguments(*call))), reply_to(call)));
    return {};
}

Status dry_run(Manager& manager, const CallPointer& call) {
    const domain::CreateRequest request = TRY(create_request(Arguments(*call)));
    const auto body = [request](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        const config::XlConf host = TRY(domain::host_settings(request));
        const config::ParsedDomain parsed = TRY(domain::parse_request(request, host));
        return json_line({{"text", TRY(xen::describe(xen, parsed.spec, host.host))}, {"warnings", parsed.warnings}});
    };
    return run_while_connected(manager, call, manager.run("create -n", short_deadline, body, reply_to(call)));
}

Status destroy(Manager& manager, const CallPointer& call) {
    const std::string wanted = TRY(Arguments(*call).needed_text("domain"));
    if (const auto domain = manager.find(wanted)) TRY(no_dom0(*domain, "destroy"));
    TRY(manager.destroy(wanted, reply_to(call)));
    return {};
}

// Shutdown and reboot: ask the guest; with "wait" until it has done so. The wait has no deadline but the client's
// patience.
Status ask(Manager& manager, const CallPointer& call, bool reboot) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    TRY(no_dom0(domain, reboot ? "reboot" : "shut down"));
    if (domain.shutdown)
        return fail("'" + domain.name + "' has shut down already; remove it with: bulkhead destroy", EALREADY);
    const bool wait = TRY(arguments.flag("wait"));
    const bool acpi = TRY(arguments.flag("acpi"));
    // Ours is gone when we have carried out its on_*= action; what xl looks after has at least shut down.
    const auto policy = manager.policy(domain.uuid);
    const auto action =
        policy ? policy->action(reboot ? 1 : 0).value_or(xen::OnShutdown::preserve) : xen::OnShutdown::preserve;
    const bool or_shutdown = action == xen::OnShutdown::preserve || action == xen::OnShutdown::rename_restart;
    const auto body = [=, id = domain.id, name = domain.name](xen::Context& xen,
                                                              const WorkerSide& side) -> Result<std::string> {
        TRY(reboot ? xen::reboot_domain(xen, id, acpi) : xen::shutdown_domain(xen, id, acpi));
        if (wait) {
            side.progress("waiting for '" + name + "' to " + (reboot ? "reboot" : "shut down"));
            TRY(xen::wait_for_end(xen, id, or_shutdown));
        }
        return std::string("{}");
    };
    const std::string verb = reboot ? "reboot " : "shutdown ";
    return run_while_connected(
        manager, call, manager.run(verb + domain.name, wait ? seconds(0) : short_deadline, body, reply_to(call)));
}

Status shutdown(Manager& manager, const CallPointer& call) {
    return ask(manager, call, false);
}

Status reboot(Manager& manager, const CallPointer& call) {
    return ask(manager, call, true);
}

// A driver domain that an administrator froze is not taken for hung.
Status freeze(Manager& manager, const CallPointer& call, bool paused) {
    const xen::DomainInfo domain = TRY(Arguments(*call).domain(manager));
    const char* const verb = paused ? "pause" : "unpause";
    TRY(no_dom0(domain, verb));
    if (paused) manager.was_paused(domain.uuid, true);
    const auto body = [paused, id = domain.id](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        TRY(paused ? xen::pause_domain(xen, id) : xen::unpause_domain(xen, id));
        return std::string("{}");
    };
    domain::Reply reply = reply_to(call);
    reply.done = [&manager, paused, uuid = domain.uuid, done = std::move(reply.done)](Result<std::string> result) {
        if (paused != result.has_value()) manager.was_paused(uuid, false);
        done(std::move(result));
    };
    TRY(manager.run(verb + (" " + domain.name), short_deadline, body, std::move(reply)));
    return {};
}

Status pause(Manager& manager, const CallPointer& call) {
    return freeze(manager, call, true);
}

Status unpause(Manager& manager, const CallPointer& call) {
    return freeze(manager, call, false);
}

Status rename(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    TRY(no_dom0(domain, "rename"));
    const std::string name = TRY(arguments.needed_text("name"));
    TRY(config::check_name(name));
    TRY(manager.rename(domain, name, reply_to(call)));
    return {};
}

Status save(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    TRY(no_dom0(domain, "save"));
    const std::string file = TRY(arguments.needed_text("file"));
    if (!file.starts_with('/')) return fail("argument 'file' must be an absolute path", EINVAL);
    const std::string after = TRY(arguments.text("after"));
    if (after != "" && after != "run" && after != "pause")
        return fail("argument 'after' must be run, pause or nothing", EINVAL);
    const domain::AfterSave then = after == "run"     ? domain::AfterSave::run
                                   : after == "pause" ? domain::AfterSave::pause
                                                      : domain::AfterSave::destroy;
    const domain::Workers::Id id = TRY(manager.save(domain, file, then, reply_to(call)));
    call->on_disconnect([&manager, id] { manager.stop(id); });
    return {};
}

Status restore(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    domain::CreateRequest request;
    request.image = TRY(arguments.needed_text("file"));
    if (!request.image.starts_with('/')) return fail("argument 'file' must be an absolute path", EINVAL);
    request.config = TRY(arguments.text("config"));
    request.source = request.config.empty() ? request.image : TRY(arguments.needed_text("source"));
    request.directory = TRY(arguments.text("directory"));
    request.paused = TRY(arguments.flag("paused"));
    TRY(manager.create(std::move(request), reply_to(call)));
    return {};
}

Status find(Manager& manager, const CallPointer& call) {
    call->result(describe(TRY(Arguments(*call).domain(manager))).end());
    return {};
}

// Until one of ours is gone for good, which may take years.
Status await_end(Manager& manager, const CallPointer& call) {
    const std::string uuid = TRY(Arguments(*call).needed_text("domain"));
    const std::uint64_t number = TRY(manager.tell_when_gone(uuid, [call] { call->result("{}"); }));
    call->on_disconnect([&manager, uuid, number] { manager.untell(uuid, number); });
    return {};
}

// The console's tty, which xenconsoled makes a moment after the domain.
Status console(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    if (domain.id == 0) return fail("Domain-0 has no console of its own; use this host's", EINVAL);
    const std::string type = TRY(arguments.text("type"));
    if (!type.empty() && type != "pv" && type != "serial") return fail("console type must be pv or serial", EINVAL);
    const std::string node = xen::console_node(domain, type);
    const auto body = [node, domain](xen::Context&, const WorkerSide&) -> Result<std::string> {
        xen::Store store = TRY(xen::Store::open());
        TRY(store.watch(node, "tty"));
        const auto end = std::chrono::steady_clock::now() + seconds(5);
        for (;;) {
            const auto tty = TRY(store.read_if(node));
            if (tty && tty->starts_with("/dev/"))
                return json_line({{"tty", *tty}, {"id", domain.id}, {"name", domain.name}});
            if (!TRY(store.wait_event(end))) {
                return fail("'" + domain.name + "' has no console: nothing appeared at " + node +
                                " within 5 s; does xenconsoled run?",
                            ETIMEDOUT);
            }
        }
    };
    return run_while_connected(manager, call, manager.run("console " + domain.name, seconds(15), body, reply_to(call)));
}

} // namespace

const std::vector<Verb>& domain_verbs() {
    static const std::vector<Verb> verbs = {
        {"list", true, list},          {"list-long", false, list_long}, {"find", true, find},
        {"create", false, create},     {"dry-run", false, dry_run},     {"destroy", false, destroy},
        {"shutdown", false, shutdown}, {"reboot", false, reboot},       {"pause", false, pause},
        {"unpause", false, unpause},   {"rename", false, rename},       {"await-end", false, await_end},
        {"console", false, console},   {"save", false, save},           {"restore", false, restore},
    };
    return verbs;
}

} // namespace bulkhead::daemon
