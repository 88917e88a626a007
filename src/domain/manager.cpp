#include "domain/manager.hpp"

#include "base/json.hpp"
#include "base/log.hpp"
#include "domain/names.hpp"
#include "domain/undo.hpp"
#include "domain/work.hpp"
#include "xen/uuid.hpp"

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

namespace bulkhead::domain {

using nlohmann::json;
using std::chrono::seconds;

Manager::Manager(EventLoop& loop, std::unique_ptr<xen::Context> xen, Journal journal)
    : loop_(loop), xen_(std::move(xen)), journal_(std::move(journal)),
      security_(journal_.database(), journal_.folder() + "/policy.log",
                [this](const std::string& uuid) { return managed_.contains(uuid); }),
      workers_(loop, [this] { xen::forget_inherited(*xen_); }) {}

Result<std::unique_ptr<Manager>> Manager::open(EventLoop& loop, std::unique_ptr<xen::Context> xen, Journal journal) {
    std::unique_ptr<Manager> manager(new Manager(loop, std::move(xen), std::move(journal)));
    manager->security_.load();
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
    // A domain that is down keeps its last id, which another may have by now.
    const auto found = std::find_if(managed_.begin(), managed_.end(), [domain](const auto& entry) {
        return entry.second.record.domain == domain && !entry.second.acting;
    });
    return found == managed_.end() ? nullptr : &found->second;
}

// ---- operations ----

Result<Workers::Id> Manager::run(const std::string& name, std::chrono::milliseconds deadline, Body body, Reply reply) {
    Job job;
    job.name = name;
    job.deadline = deadline;
    job.run = [body = std::move(body)](const WorkerSide& side) { return work::with_context(body, side); };
    job.progress = reply.progress;
    job.done = [done = std::move(reply.done)](Result<std::string> result, bool) { done(std::move(result)); };
    return start_worker(std::move(job), reply.who);
}

Result<Workers::Id> Manager::run_on(const std::string& verb, const xen::DomainInfo& domain,
                                    std::chrono::milliseconds deadline, Body body, Reply reply,
                                    std::function<void()> succeeded) {
    auto operation = std::make_shared<Operation>(Operation{0, verb, domain.uuid, domain.name, ""});
    Job job;
    job.name = verb + " " + domain.name;
    job.deadline = deadline;
    job.run = [body = std::move(body)](const WorkerSide& side) { return work::with_context(body, side); };
    job.progress = reply.progress;
    job.intent = [this, operation](const std::string& detail) -> Status {
        operation->detail = detail;
        if (operation->id != 0) return journal_.note(operation->id, detail);
        operation->id = TRY(journal_.begin(*operation));
        return {};
    };
    job.done = [this, operation, done = std::move(reply.done),
                succeeded = std::move(succeeded)](Result<std::string> result, bool died) {
        if (operation->id == 0) {
            done(std::move(result));
        } else if (result || !(died || undo_after_failure(*operation))) {
            if (result && succeeded) succeeded();
            end(operation->id);
            done(std::move(result));
        } else { // also after an orderly failure: what the worker could not remove is removed now, or stays written
                 // down
            undo(*operation, [done, result](bool) { done(result); });
        }
    };
    return start_worker(std::move(job), reply.who);
}

Result<Workers::Id> Manager::create(CreateRequest request, const Reply& reply) {
    if (!request.force_uuid) request.uuid = xen::new_uuid();
    request.driver_domains = driver_domains();
    auto operation = std::make_shared<Operation>();
    Job job;
    job.name = "create " + request.source;
    job.heavy = !request.wait && request.image.empty();
    job.deadline = work::create_deadline;
    job.run = [request](const WorkerSide& side) {
        const std::string verb = request.image.empty() ? "create" : "restore";
        return work::with_context(
            [&](xen::Context& xen, const WorkerSide& s) { return work::create(xen, s, request, verb); }, side);
    };
    job.progress = reply.progress;
    job.intent = [this, operation](const std::string& what) -> Status {
        const json intent = json::parse(what, nullptr, false);
        *operation = {0, "create", work::text(intent, "uuid"), work::text(intent, "name"), ""};
        const auto kept = find_kept(operation->name);
        if (kept && kept->uuid != operation->uuid)
            return fail("a domain named '" + kept->name + "' is kept; start it with: bulkhead start " + kept->name,
                        EEXIST);
        operation->id = TRY(journal_.begin(*operation));
        return {};
    };
    job.done = [this, operation, request, reply](Result<std::string> result, bool) {
        if (result) {
            created(operation->id, request, *result, reply);
        } else if (operation->id == 0) {
            reply.done(std::move(result));
        } else {
            undo(*operation, [reply, result](bool) { reply.done(result); });
        }
    };
    return start_worker(std::move(job), reply.who);
}

void Manager::created(std::int64_t operation, const CreateRequest& request, const std::string& result,
                      const Reply& reply) {
    json object = json::parse(result, nullptr, false);
    DomainRecord record;
    record.uuid = work::text(object, "uuid");
    record.name = work::text(object, "name");
    const bool restored = !request.image.empty();
    record.config = restored ? work::text(object, "config") : config::with_overrides(request.config, request.overrides);
    record.source = restored ? work::text(object, "source") : request.source;
    record.directory = restored ? work::text(object, "directory") : request.directory;
    record.policy = work::text(object, "policy");
    record.domain = work::number(object, "id");
    const std::vector<PendingVif> pending = work::pending(object, record.uuid);
    if (const Status written = journal_.end_with_domain(operation, record, pending); !written) {
        // It runs, but would be taken for half-made at the next start: better to have neither.
        log::error(written.error().message);
        undo({operation, "create", record.uuid, record.name, ""},
             [reply, error = written.error()](bool) { reply.done(tl::unexpected(error)); });
        return;
    }
    // What is in there is over: the domain's disks go on from here.
    if (restored && request.image == suspended_image(record.uuid)) forget_image(record.uuid);
    log::info("domain '" + record.name + "' created (id " + std::to_string(record.domain) + ", " + record.uuid + ")");
    const unsigned domain = record.domain;
    adopt(std::move(record), domain);
    look_at_pending(pending);
    for (const char* const ours : {"policy", "config", "source", "directory"}) object.erase(ours);
    reply.done(object.dump());
}

Result<Workers::Id> Manager::save(const xen::DomainInfo& domain, const std::string& file, AfterSave after,
                                  Reply reply) {
    const auto managed = managed_.find(domain.uuid);
    if (managed == managed_.end())
        return fail("domain '" + domain.name + "' was not made by bulkheadd; save it with: xl save", ENOENT);
    if (managed->second.policy.driver_domain)
        return fail("'" + domain.name + "' is a driver domain: its devices and its clients cannot be saved with it",
                    EINVAL);
    if (domain.shutdown) return fail("domain '" + domain.name + "' has shut down: there is nothing to save", EINVAL);
    if (domain.paused)
        return fail("domain '" + domain.name + "' is paused and cannot do its part; run first: bulkhead unpause",
                    EINVAL);
    SaveRequest request{domain.id, managed->second.record, {}, file, after, present_label(domain.uuid)};
    for (PendingVif& vif : TRY(journal_.pending_vifs())) {
        if (vif.uuid == domain.uuid) request.pending.push_back(std::move(vif));
    }
    const auto body = [request](xen::Context& xen, const WorkerSide& side) -> Result<std::string> {
        SaveHooks hooks;
        hooks.progress = [&side](std::string_view words) { side.progress(words); };
        hooks.intent = [&side](const std::string& detail) { return side.intent(detail); };
        TRY(domain::save(xen, request, hooks));
        return json_line({{"name", request.record.name}, {"file", request.file}});
    };
    // Gone before the save is written off: a domain that is ours and not being saved has gone on from its image.
    std::function<void()> gone;
    if (after == AfterSave::destroy) gone = [this, uuid = domain.uuid] { forget(uuid); };
    return run_on("save", domain, std::chrono::milliseconds(0), body, std::move(reply), std::move(gone));
}

Result<Workers::Id> Manager::rename(const xen::DomainInfo& domain, const std::string& name, const Reply& reply) {
    const auto kept = find_kept(name);
    if (kept && kept->uuid != domain.uuid)
        return fail("a domain named '" + name + "' is kept; remove it with: bulkhead delete " + name, EEXIST);
    Reply inner = reply;
    inner.done = [this, uuid = domain.uuid, name, reply](Result<std::string> result) {
        const auto managed = managed_.find(uuid);
        if (result && managed != managed_.end()) {
            DomainRecord& record = managed->second.record;
            record.name = name;
            // It must come back under this name when it is made again.
            const std::vector<std::string> named = {"name = \"" + name + "\""};
            record.config = config::with_overrides(record.config, named);
            // A kept domain's configuration is the one that it was given, without what was attached since.
            const auto given = find_kept(uuid);
            const std::string kept_config = given ? config::with_overrides(given->config, named) : std::string();
            if (const Status written = journal_.rename(record, kept_config); !written)
                log::error(written.error().message);
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

} // namespace bulkhead::domain
