#include "domain/manager.hpp"

#include "base/log.hpp"
#include "domain/names.hpp"
#include "xen/nic.hpp"
#include "xen/uuid.hpp"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace bulkhead::domain {
namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr seconds create_deadline{300};  // a bootloader alone may take libxl 120 s
constexpr seconds destroy_deadline{120}; // devices: 10 s each, in parallel; the device model: 10 s
constexpr seconds short_life{20};        // a domain that ends sooner is likely to end again
constexpr seconds delay_max{60};

json to_json(const Created& created) {
    return {{"id", created.domain},
            {"name", created.name},
            {"uuid", created.uuid},
            {"policy", created.policy},
            {"warnings", created.warnings}};
}

std::string text(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

unsigned number(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_unsigned() ? found->get<unsigned>() : 0;
}

// Runs in the child: with a libxl context of its own.
Result<std::string> with_context(const Manager::Body& body, const WorkerSide& side) {
    const std::unique_ptr<xen::Context> xen = TRY(xen::Context::open());
    return body(*xen, side);
}

Result<std::string> create_body(xen::Context& xen, const WorkerSide& side, const CreateRequest& request) {
    CreateHooks hooks;
    hooks.progress = [&](std::string_view words) { side.progress(words); };
    hooks.intent = [&](const std::string& uuid, const std::string& name) {
        return side.intent(json{{"uuid", uuid}, {"name", name}}.dump(-1, ' ', false, json::error_handler_t::replace));
    };
    const Created created = TRY(create_domain(xen, request, hooks));
    return to_json(created).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string dump_file(const std::string& name) {
    return "/var/lib/xen/dump/" + name; // where xl puts them (XEN_DUMP_DIR)
}

// What on_*= asks for before a domain may be made again: a core dump, a new name, or its end.
Status put_away(xen::Context& xen, unsigned domain, const std::string& name, xen::OnShutdown how) {
    if (how == xen::OnShutdown::coredump_restart || how == xen::OnShutdown::coredump_destroy) {
        if (const Status dumped = xen::dump_core(xen, domain, dump_file(name)); !dumped)
            log::warning(dumped.error().message);
    }
    if (how == xen::OnShutdown::rename_restart) {
        char suffix[32];
        const std::time_t now = std::time(nullptr);
        struct tm utc {};
        std::strftime(suffix, sizeof suffix, "-%Y%m%dT%H%MZ", ::gmtime_r(&now, &utc)); // as xl names them
        return xen::preserve_domain(xen, domain, name, suffix);
    }
    return xen::destroy_domain(xen, domain);
}

} // namespace

Manager::Manager(EventLoop& loop, std::unique_ptr<xen::Context> xen, Journal journal)
    : loop_(loop), xen_(std::move(xen)), journal_(std::move(journal)),
      workers_(loop, [this] { xen::forget_inherited(*xen_); }) {}

Result<std::unique_ptr<Manager>> Manager::open(EventLoop& loop, std::unique_ptr<xen::Context> xen, Journal journal) {
    std::unique_ptr<Manager> manager(new Manager(loop, std::move(xen), std::move(journal)));
    TRY(manager->xen_->attach(loop.handle(),
                              [m = manager.get()](const xen::DomainEvent& event) { m->happened(event); }));
    return manager;
}

Result<xen::DomainInfo> Manager::find(std::string_view wanted) {
    return find_domain(TRY(list()), wanted);
}

std::optional<Policy> Manager::policy(const std::string& uuid) const {
    const auto found = managed_.find(uuid);
    if (found == managed_.end()) return std::nullopt;
    return found->second.policy;
}

Manager::Managed* Manager::find_managed(unsigned domain) {
    const auto found = std::find_if(managed_.begin(), managed_.end(),
                                    [domain](const auto& entry) { return entry.second.record.domain == domain; });
    return found == managed_.end() ? nullptr : &found->second;
}

// ---- operations ----

Result<Workers::Id> Manager::run(const std::string& name, std::chrono::milliseconds deadline, Body body, Reply reply) {
    Job job;
    job.name = name;
    job.deadline = deadline;
    job.run = [body = std::move(body)](const WorkerSide& side) { return with_context(body, side); };
    job.progress = reply.progress;
    job.done = [done = std::move(reply.done)](Result<std::string> result, bool) { done(std::move(result)); };
    return workers_.start(std::move(job));
}

Result<Workers::Id> Manager::run_on(const std::string& verb, const xen::DomainInfo& domain,
                                    std::chrono::milliseconds deadline, Body body, Reply reply) {
    auto operation = std::make_shared<Operation>(Operation{0, verb, domain.uuid, domain.name, ""});
    Job job;
    job.name = verb + " " + domain.name;
    job.deadline = deadline;
    job.run = [body = std::move(body)](const WorkerSide& side) { return with_context(body, side); };
    job.progress = reply.progress;
    job.intent = [this, operation](const std::string& detail) -> Status {
        if (operation->id != 0) TRY(journal_.end(operation->id)); // it tries again otherwise
        operation->detail = detail;
        operation->id = TRY(journal_.begin(*operation));
        return {};
    };
    job.done = [this, operation, done = std::move(reply.done)](Result<std::string> result, bool) {
        if (operation->id == 0) {
            done(std::move(result));
        } else if (result) {
            end(operation->id);
            done(std::move(result));
        } else { // also after an orderly failure: what the worker could not remove is removed now, or stays written
                 // down
            undo(*operation, [done, result] { done(result); });
        }
    };
    return workers_.start(std::move(job));
}

Result<Workers::Id> Manager::create(CreateRequest request, Reply reply) {
    request.uuid = xen::new_uuid();
    auto operation = std::make_shared<Operation>();
    Job job;
    job.name = "create " + request.source;
    job.deadline = create_deadline;
    job.run = [request](const WorkerSide& side) {
        return with_context([&](xen::Context& xen, const WorkerSide& s) { return create_body(xen, s, request); }, side);
    };
    job.progress = reply.progress;
    job.intent = [this, operation](const std::string& what) -> Status {
        const json intent = json::parse(what, nullptr, false);
        *operation = {0, "create", text(intent, "uuid"), text(intent, "name"), ""};
        operation->id = TRY(journal_.begin(*operation));
        return {};
    };
    job.done = [this, operation, request, reply](Result<std::string> result, bool) {
        if (result) {
            created(operation->id, request, *result, reply);
        } else if (operation->id == 0) {
            reply.done(std::move(result));
        } else {
            undo(*operation, [reply, result] { reply.done(result); });
        }
    };
    return workers_.start(std::move(job));
}

void Manager::created(std::int64_t operation, const CreateRequest& request, const std::string& result,
                      const Reply& reply) {
    json object = json::parse(result, nullptr, false);
    DomainRecord record;
    record.uuid = text(object, "uuid");
    record.name = text(object, "name");
    record.config = config::with_overrides(request.config, request.overrides);
    record.source = request.source;
    record.directory = request.directory;
    record.policy = text(object, "policy");
    record.domain = number(object, "id");
    if (const Status written = journal_.end_with_domain(operation, record); !written) {
        // It runs, but would be taken for half-made at the next start: better to have neither.
        log::error(written.error().message);
        undo({operation, "create", record.uuid, record.name, ""},
             [reply, error = written.error()] { reply.done(tl::unexpected(error)); });
        return;
    }
    log::info("domain '" + record.name + "' created (id " + std::to_string(record.domain) + ", " + record.uuid + ")");
    const unsigned domain = record.domain;
    adopt(std::move(record), domain);
    object.erase("policy");
    reply.done(object.dump());
}

Result<Workers::Id> Manager::rename(const xen::DomainInfo& domain, const std::string& name, Reply reply) {
    Reply inner = reply;
    inner.done = [this, uuid = domain.uuid, name, reply](Result<std::string> result) {
        const auto managed = managed_.find(uuid);
        if (result && managed != managed_.end()) {
            managed->second.record.name = name;
            if (const Status written = journal_.rename(uuid, name); !written) log::error(written.error().message);
        }
        reply.done(std::move(result));
    };
    const auto body = [id = domain.id, name](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        TRY(xen::rename_domain(xen, id, name));
        return std::string("{}");
    };
    return run("rename " + domain.name, seconds(30), body, std::move(inner));
}

void Manager::end(std::int64_t operation) {
    if (const Status ended = journal_.end(operation); !ended) log::error(ended.error().message);
}

// ---- what a dead daemon or a dead worker left ----

void Manager::undo(const Operation& operation, std::function<void()> then) {
    log::info("taking back what is left of " + operation.verb + " of domain '" + operation.name + "' (" +
              operation.uuid + ")");
    const auto body = [operation](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        const auto domains = TRY(xen::list_domains(xen));
        const auto found = find_domain(domains, operation.uuid);
        if (!found) return std::string("{}"); // nothing was made yet, or it went with its domain
        if (operation.verb == "network-attach") {
            // Number and MAC address: the number alone may by now be somebody else's vif.
            for (const xen::NicInfo& nic : TRY(xen::list_nics(xen, found->id))) {
                if (std::to_string(nic.devid) + " " + nic.mac != operation.detail) continue;
                TRY(xen::destroy_nic(xen, found->id, nic.devid));
            }
        } else {
            TRY(xen::destroy_domain(xen, found->id));
        }
        return std::string("{}");
    };
    Reply reply;
    reply.done = [this, operation, then](const Result<std::string>& result) {
        if (result) {
            end(operation.id);
        } else { // the row stays: the next start of the daemon tries again
            log::error("cannot undo " + operation.verb + " of domain '" + operation.name +
                       "': " + result.error().message);
        }
        then();
    };
    const auto started = run("undo " + operation.verb + " " + operation.name, destroy_deadline, body, reply);
    if (!started) {
        log::error(started.error().message);
        then();
    }
}

Status Manager::recover() {
    const std::vector<xen::DomainInfo> running = TRY(list());
    const std::vector<Operation> left = TRY(journal_.operations());
    for (DomainRecord& record : TRY(journal_.domains())) {
        const bool remade = std::any_of(left.begin(), left.end(), [&](const Operation& operation) {
            return operation.uuid == record.uuid && operation.verb == "restart";
        });
        const auto found = find_domain(running, record.uuid);
        if (found || remade) {
            adopt(std::move(record), found ? found->id : 0);
        } else {
            log::info("domain '" + record.name + "' ended while bulkheadd was not running");
            TRY(journal_.forget(record.uuid));
        }
    }
    for (const Operation& operation : left) {
        // A restart is taken up again: its domain was meant to live.
        const bool again = operation.verb == "restart" && managed_.contains(operation.uuid);
        undo(operation, [this, again, uuid = operation.uuid] {
            if (again && managed_.contains(uuid)) restart_now(uuid, 0, xen::OnShutdown::restart);
        });
        if (again) managed_.at(operation.uuid).acting = true;
    }
    return {};
}

void Manager::adopt(DomainRecord record, unsigned domain) {
    Managed managed;
    managed.record = std::move(record);
    managed.record.domain = domain;
    managed.started = std::chrono::steady_clock::now();
    if (Result<Policy> policy = parse_policy(managed.record.policy))
        managed.policy = std::move(*policy);
    else
        log::error("domain '" + managed.record.name + "': " + policy.error().message);
    const std::string uuid = managed.record.uuid;
    managed_.insert_or_assign(uuid, std::move(managed));
    if (domain == 0) return; // it is being made again
    if (const Status watched = xen_->watch_domain(domain); !watched) log::error(watched.error().message);
}

void Manager::forget(const std::string& uuid) {
    managed_.erase(uuid);
    if (const Status forgotten = journal_.forget(uuid); !forgotten) log::error(forgotten.error().message);
}

// ---- the end of a domain ----

void Manager::happened(const xen::DomainEvent& event) {
    Managed* managed = find_managed(event.domain);
    if (managed == nullptr || managed->acting) return;
    if (event.kind == xen::DomainEventKind::shut_down) {
        shut_down(*managed, event.shutdown_reason);
        return;
    }
    log::info("domain '" + managed->record.name + "' is gone");
    forget(std::string(managed->record.uuid)); // a copy: the record goes
}

void Manager::shut_down(const Managed& managed, int reason) {
    const std::optional<xen::OnShutdown> action = managed.policy.action(reason);
    const std::string uuid = managed.record.uuid;
    const unsigned domain = managed.record.domain;
    log::info("domain '" + managed.record.name + "' has shut down (" + reason_name(reason) +
              "): " + (action ? action_name(*action) : "nothing to do"));
    if (!action || *action == xen::OnShutdown::preserve) return;
    switch (*action) {
    case xen::OnShutdown::coredump_destroy:
    case xen::OnShutdown::destroy:
        restart_now(uuid, domain, *action);
        return;
    case xen::OnShutdown::soft_reset: // rebuilding in place is libxl's and for kexec in HVM guests only
    case xen::OnShutdown::restart:
    case xen::OnShutdown::rename_restart:
    case xen::OnShutdown::coredump_restart:
        restart(uuid, domain, *action == xen::OnShutdown::soft_reset ? xen::OnShutdown::restart : *action);
        return;
    case xen::OnShutdown::preserve:
        return;
    }
}

// At once for a domain that has lived; one that dies right away is given more and more time between its lives.
void Manager::restart(const std::string& uuid, unsigned domain, xen::OnShutdown how) {
    Managed& managed = managed_.at(uuid);
    managed.acting = true;
    const bool soon = std::chrono::steady_clock::now() - managed.started < short_life;
    managed.short_lives = soon ? managed.short_lives + 1 : 0;
    if (managed.short_lives <= 1) {
        restart_now(uuid, domain, how);
        return;
    }
    const seconds delay = std::min(delay_max, seconds(1L << std::min(managed.short_lives, 6U)));
    log::warning("domain '" + managed.record.name + "' keeps ending soon after its start; next start in " +
                 std::to_string(delay.count()) + " s");
    Result<Source> timer = loop_.after(delay, [this, uuid, domain, how] { restart_now(uuid, domain, how); });
    if (timer)
        managed.timer = std::move(*timer);
    else
        restart_now(uuid, domain, how);
}

// Puts the old domain away and, unless `how` is an end, makes it again under its name and UUID.
void Manager::restart_now(const std::string& uuid, unsigned domain, xen::OnShutdown how) {
    Managed& managed = managed_.at(uuid);
    managed.acting = true;
    const bool ends = how == xen::OnShutdown::destroy || how == xen::OnShutdown::coredump_destroy;
    CreateRequest request;
    request.config = managed.record.config;
    request.source = managed.record.source;
    request.directory = managed.record.directory;
    request.uuid = uuid;
    request.force_uuid = true;
    auto operation =
        std::make_shared<Operation>(Operation{0, ends ? "destroy" : "restart", uuid, managed.record.name, ""});
    if (const auto begun = journal_.begin(*operation))
        operation->id = *begun;
    else
        log::error(begun.error().message);

    Job job;
    job.name = operation->verb + " " + managed.record.name;
    job.deadline = ends ? destroy_deadline : create_deadline;
    job.run = [request, domain, how, ends, name = managed.record.name](const WorkerSide& side) {
        return with_context(
            [&](xen::Context& xen, const WorkerSide& s) -> Result<std::string> {
                const auto domains = TRY(xen::list_domains(xen));
                const auto old = find_domain(domains, request.uuid);
                if (old && (domain == 0 || old->id == domain)) TRY(put_away(xen, old->id, name, how));
                if (ends) return std::string("{}");
                return create_body(xen, s, request);
            },
            side);
    };
    job.progress = [name = managed.record.name](const std::string& words) {
        log::info("domain '" + name + "': " + words);
    };
    job.done = [this, uuid, operation](Result<std::string> result, bool) {
        restarted(uuid, operation->id, std::move(result));
    };
    if (const auto started = workers_.start(std::move(job)); !started) {
        log::error(started.error().message);
        end(operation->id);
        managed.acting = false;
    }
}

void Manager::restarted(const std::string& uuid, std::int64_t operation, Result<std::string> result) {
    const auto found = managed_.find(uuid);
    if (found == managed_.end()) {
        end(operation);
        return;
    }
    Managed& managed = found->second;
    if (!result) {
        log::error("domain '" + managed.record.name + "': " + result.error().message);
        Operation again{operation, "restart", uuid, managed.record.name, ""};
        undo(again, [] {});
        forget(std::string(uuid));
        return;
    }
    const json object = json::parse(*result, nullptr, false);
    if (!object.contains("id")) { // it was to end
        end(operation);
        log::info("domain '" + managed.record.name + "' destroyed");
        forget(uuid);
        return;
    }
    managed.record.domain = number(object, "id");
    managed.started = std::chrono::steady_clock::now();
    managed.acting = false;
    if (const Status written = journal_.end_with_domain(operation, managed.record); !written)
        log::error(written.error().message);
    log::info("domain '" + managed.record.name + "' restarted (id " + std::to_string(managed.record.domain) + ")");
    if (const Status watched = xen_->watch_domain(managed.record.domain); !watched) log::error(watched.error().message);
}

} // namespace bulkhead::domain
