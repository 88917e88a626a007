// The part of Manager that deals with the ends of domains.
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "domain/end.hpp"
#include "domain/live_config.hpp"
#include "domain/manager.hpp"
#include "domain/names.hpp"
#include "domain/undo.hpp"
#include "domain/vif_rules.hpp"
#include "domain/work.hpp"
#include "xen/live.hpp"
#include "xen/store.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <nlohmann/json.hpp>

namespace bulkhead::domain {
namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr seconds short_life{20}; // a domain that ends sooner is likely to end again
constexpr seconds delay_max{60};
constexpr seconds resumed_interval{1};

// What on_*= asks for before a domain may be made again: a core dump, a new name, or its end.
Status put_away(xen::Context& xen, unsigned domain, const std::string& name, xen::OnShutdown how) {
    if (how == xen::OnShutdown::coredump_restart || how == xen::OnShutdown::coredump_destroy) {
        if (const Status dumped = xen::dump_core(xen, domain, name); !dumped) log::warning(dumped.error().message);
    }
    if (how == xen::OnShutdown::rename_restart) {
        char suffix[32];
        const std::time_t now = std::time(nullptr);
        struct tm utc {};
        std::strftime(suffix, sizeof suffix, "-%Y%m%dT%H%MZ", ::gmtime_r(&now, &utc)); // as xl names them
        return xen::preserve_domain(xen, domain, name, suffix);
    }
    return end_domain(xen, domain);
}

// What the domain has become since it was made, as the configuration to make it from again; `names` as live_domain().
Result<std::string> present_config(xen::Context& xen, const CreateRequest& request, const DomainRecord& record,
                                   unsigned domain, std::map<unsigned, std::string> names,
                                   const std::vector<PendingVif>& pending) {
    for (const xen::DomainInfo& other : TRY(xen::list_domains(xen))) names[other.id] = other.name;
    xen::Live live = TRY(xen::live_domain(xen, domain, names));
    xen::Store store = TRY(xen::Store::open());
    TRY(add_rules(store, domain, live.nics));
    const config::ParsedDomain parsed = TRY(parse_request(request, TRY(host_settings())));
    return live_config(request.config, parsed.spec, record.name, live, pending);
}

// `request`: of its restart otherwise. The answer has the configuration, which is the domain's own from now on.
Result<std::string> create_from(xen::Context& xen, const WorkerSide& side, const NextConfig& next,
                                const std::string& name, CreateRequest request) {
    request.config = config::with_overrides(next.config, {"name = \"" + name + "\""}); // renamed since, perhaps
    request.source = next.source;
    request.directory = next.directory;
    json made = json::parse(TRY(work::create(xen, side, request, "restart")), nullptr, false);
    made["config"] = request.config;
    made["source"] = request.source;
    made["directory"] = request.directory;
    return json_line(made);
}

} // namespace

void Manager::forget(const std::string& uuid) {
    const auto node = managed_.extract(uuid);
    if (keeper_ != nullptr) keeper_->gone(uuid);
    if (const Status forgotten = journal_.forget(uuid); !forgotten) log::error(forgotten.error().message);
    if (node.empty()) return;
    for (const auto& [number, told] : node.mapped().told) told();
}

Result<std::uint64_t> Manager::tell_when_gone(const std::string& uuid, Gone told) {
    const auto found = managed_.find(uuid);
    if (found == managed_.end()) return fail("no domain of bulkheadd has the UUID " + printable(uuid, 64), ENOENT);
    found->second.told.emplace(++last_told_, std::move(told));
    return last_told_;
}

void Manager::untell(const std::string& uuid, std::uint64_t number) {
    const auto found = managed_.find(uuid);
    if (found != managed_.end()) found->second.told.erase(number);
}

void Manager::happened(const xen::DomainEvent& event) {
    Managed* managed = find_managed(event.domain);
    if (managed == nullptr || keeper_takes(*managed, event)) return;
    if (event.kind == xen::DomainEventKind::shut_down) {
        shut_down(*managed, event.shutdown_reason);
        return;
    }
    log::info("domain '" + managed->record.name + "' is gone");
    forget(std::string(managed->record.uuid)); // a copy: the record goes
}

bool Manager::keeper_takes(Managed& managed, const xen::DomainEvent& event) {
    if (keeper_ == nullptr || managed.leaving) return false;
    managed.acting = keeper_->ended(managed.record, managed.policy, event);
    return managed.acting;
}

void Manager::shut_down(const Managed& managed, int reason) {
    const std::optional<xen::OnShutdown> action = managed.policy.action(reason);
    const std::string uuid = managed.record.uuid;
    const unsigned domain = managed.record.domain;
    log::info("domain '" + managed.record.name + "' has shut down (" + reason_name(reason) +
              "): " + (action ? action_name(*action) : "nothing to do"));
    if (!action) watch_when_resumed(uuid);
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

// libxl tells of a domain's shutdown once. One that was suspended and goes on is watched anew, or its next end would go
// unseen. Nothing tells when a domain goes on: whoever saves it, perhaps xl, does that with Xen alone.
void Manager::watch_when_resumed(const std::string& uuid) {
    Result<Source> timer = loop_.after(resumed_interval, [this, uuid] {
        const auto managed = managed_.find(uuid);
        if (managed == managed_.end()) return; // it has gone
        const Result<xen::DomainInfo> found = find(uuid);
        const bool suspended = found && found->shutdown && found->shutdown_reason == xen::shutdown_suspend;
        if (!found || suspended || managed->second.acting) {
            watch_when_resumed(uuid);
            return;
        }
        xen_->unwatch_domain(found->id); // it may have ended by now: watch_domain() sees that
        if (const Status watched = xen_->watch_domain(found->id); !watched) log::error(watched.error().message);
    });
    if (timer)
        managed_.at(uuid).timer = std::move(*timer);
    else
        log::error(timer.error().message);
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

// Puts the old domain away and, unless `how` is an end, makes it again under its name and UUID, with the devices that
// it had at its end: what was attached stays, what was detached stays away. That is written down before the old domain
// goes, which is the only one who knows. A driver domain is made again as its file says, since its clients and whoever
// looks after it go by that. What config-update has read comes first; if the domain cannot be made from that, it is
// made as it was.
void Manager::restart_now(const std::string& uuid, unsigned domain, xen::OnShutdown how) {
    Managed& managed = managed_.at(uuid);
    managed.acting = true;
    const bool ends = how == xen::OnShutdown::destroy || how == xen::OnShutdown::coredump_destroy;
    CreateRequest request = request_of(managed.record);
    request.driver_domains = driver_domains();
    std::optional<NextConfig> next;
    if (auto read = journal_.next_config(uuid))
        next = std::move(*read);
    else
        log::error(read.error().message);
    auto operation =
        std::make_shared<Operation>(Operation{0, ends ? "destroy" : "restart", uuid, managed.record.name, ""});
    if (const auto begun = journal_.begin(*operation))
        operation->id = *begun;
    else
        log::error(begun.error().message);

    const bool follow = !ends && !managed.policy.driver_domain;
    std::map<unsigned, std::string> names; // also of driver domains that are away just now
    for (const auto& [other, entry] : managed_) names[entry.record.domain] = entry.record.name;
    names.erase(0);
    std::vector<PendingVif> pending;
    if (auto all = journal_.pending_vifs()) {
        std::erase_if(*all, [&uuid](const PendingVif& vif) { return vif.uuid != uuid; });
        pending = std::move(*all);
    }

    Job job;
    job.name = operation->verb + " " + managed.record.name;
    job.deadline = ends ? work::destroy_deadline : work::create_deadline;
    job.run = [request, next, domain, how, ends, follow, names, pending,
               record = managed.record](const WorkerSide& side) mutable {
        return work::with_context(
            [&](xen::Context& xen, const WorkerSide& s) -> Result<std::string> {
                const auto domains = TRY(xen::list_domains(xen));
                const auto old = find_domain(domains, request.uuid);
                const bool there = old && (domain == 0 || old->id == domain);
                if (there && follow) {
                    if (auto now = present_config(xen, request, record, old->id, names, pending))
                        request.config = std::move(*now);
                    else
                        s.progress("warning: it comes back with the devices that it had at its start: " +
                                   now.error().message);
                }
                if (!ends) TRY(s.intent(json_line({{"config", request.config}})));
                if (there) TRY(put_away(xen, old->id, record.name, how));
                if (ends) return std::string("{}");
                if (next) {
                    auto made = create_from(xen, s, *next, record.name, request);
                    if (made) return made;
                    s.progress("warning: it is made as it was, not from " + next->source + ": " + made.error().message);
                }
                return work::create(xen, s, request, "restart");
            },
            side);
    };
    job.intent = [this, uuid, operation](const std::string& what) -> Status {
        const json intent = json::parse(what, nullptr, false);
        const auto ours = managed_.find(uuid);
        if (!intent.contains("config") || ours == managed_.end()) return {}; // of its creation: nothing to add
        DomainRecord& record = ours->second.record;
        record.config = work::text(intent, "config");
        if (operation->id == 0) return {};
        return journal_.note_config(operation->id, "configuration is written down", record);
    };
    job.progress = [name = managed.record.name](const std::string& words) {
        log::info("domain '" + name + "': " + words);
    };
    job.done = [this, uuid, operation](Result<std::string> result, bool) {
        restarted(uuid, operation->id, std::move(result));
    };
    if (const auto started = start_worker(std::move(job), "bulkheadd"); !started) {
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
        undo(again, [](bool) {});
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
    const std::vector<PendingVif> pending = work::pending(object, uuid);
    managed.record.domain = work::number(object, "id");
    if (object.contains("config")) { // the next one
        managed.record.config = work::text(object, "config");
        managed.record.source = work::text(object, "source");
        managed.record.directory = work::text(object, "directory");
    }
    managed.record.policy = work::text(object, "policy");
    if (Result<Policy> policy = parse_policy(managed.record.policy))
        managed.policy = std::move(*policy);
    else
        log::error("domain '" + managed.record.name + "': " + policy.error().message);
    managed.started = std::chrono::steady_clock::now();
    managed.acting = false;
    if (const Status written = journal_.end_with_domain(operation, managed.record, pending); !written)
        log::error(written.error().message);
    log::info("domain '" + managed.record.name + "' restarted (id " + std::to_string(managed.record.domain) + ")");
    if (const Status watched = xen_->watch_domain(managed.record.domain); !watched) log::error(watched.error().message);
    if (keeper_ != nullptr) keeper_->lives(managed.record, managed.policy);
    look_at_pending(pending);
}

// ---- for the keeper ----

Result<Workers::Id> Manager::remake(const DomainRecord& record, std::chrono::milliseconds deadline, Body body,
                                    Reply reply) {
    const std::string uuid = record.uuid;
    const auto found = managed_.find(uuid);
    if (found == managed_.end()) return fail("domain '" + record.name + "' is not looked after by bulkheadd", ENOENT);
    Managed& managed = found->second;
    if (managed.worker != 0 || managed.leaving)
        return fail("domain '" + record.name + "': another operation is in progress; wait for it", EBUSY);
    const bool was_acting = managed.acting;
    managed.acting = true;
    xen_->unwatch_domain(managed.record.domain); // its successor has the same id
    Job job;
    job.name = "reincarnate " + record.name;
    job.deadline = deadline;
    job.run = [body = std::move(body)](const WorkerSide& side) { return work::with_context(body, side); };
    job.progress = reply.progress;
    job.intent = [this, uuid, name = record.name](const std::string& detail) -> Status {
        Managed& ours = managed_.at(uuid);
        if (ours.operation != 0) return journal_.note(ours.operation, detail);
        ours.operation = TRY(journal_.begin({0, "reincarnate", uuid, name, detail}));
        return {};
    };
    job.done = [this, uuid, record](Result<std::string> result, bool) { remade(uuid, record, std::move(result)); };
    Result<Workers::Id> started = start_worker(std::move(job), "bulkheadd");
    if (started) {
        managed.worker = *started;
        managed.remaking = std::move(reply);
    } else {
        managed.acting = was_acting;
        if (!was_acting) (void)xen_->watch_domain(managed.record.domain);
    }
    return started;
}

void Manager::remade(const std::string& uuid, DomainRecord record, Result<std::string> result) {
    Managed& managed = managed_.at(uuid);
    const std::int64_t operation = managed.operation;
    if (!result && operation != 0) { // nothing may be left of it; what cannot be undone now stays written down
        undo({operation, "reincarnate", uuid, record.name, ""}, [this, uuid, operation, result](bool undone) {
            const auto ours = managed_.find(uuid);
            if (ours == managed_.end() || ours->second.operation != operation) return; // somebody destroys it
            if (undone) ours->second.operation = 0;
            answer_remake(uuid, result);
        });
        return;
    }
    if (result) {
        const json object = json::parse(*result, nullptr, false);
        record.domain = work::number(object, "id");
        record.policy = work::text(object, "policy");
        const std::vector<PendingVif> pending = work::pending(object, uuid);
        const Status written = journal_.end_with_domain(operation, record, pending);
        // The row stays: the next daemon finds the domain running and goes on from there.
        if (!written) log::error(written.error().message);
        std::optional<Reply> remaking = std::move(managed.remaking);
        const unsigned domain = record.domain;
        adopt(std::move(record), domain);
        Managed& fresh = managed_.at(uuid);
        fresh.remaking = std::move(remaking);
        if (!written) fresh.operation = operation;
        look_at_pending(pending);
    }
    answer_remake(uuid, std::move(result));
}

// The last word of remake(): from here on it may be called again.
void Manager::answer_remake(const std::string& uuid, Result<std::string> result) {
    Managed& managed = managed_.at(uuid);
    managed.worker = 0;
    const std::optional<Reply> reply = std::exchange(managed.remaking, std::nullopt);
    if (reply) reply->done(std::move(result));
}

void Manager::was_paused(const std::string& uuid, bool paused) {
    if (keeper_ != nullptr && managed_.contains(uuid)) keeper_->paused(uuid, paused);
}

const DomainRecord* Manager::record(std::string_view wanted) const {
    for (const auto& [uuid, managed] : managed_) {
        if (wanted == uuid || wanted == managed.record.name || wanted == std::to_string(managed.record.domain))
            return &managed.record;
    }
    return nullptr;
}

Result<Workers::Id> Manager::destroy(const std::string& wanted, const Reply& reply) {
    const DomainRecord* const ours = record(wanted);
    const Result<xen::DomainInfo> running = find(wanted);
    if (!running && ours == nullptr) return tl::unexpected(running.error());
    const std::string uuid = running ? running->uuid : ours->uuid;
    const std::string name = running ? running->name : ours->name;
    const auto managed = managed_.find(uuid);
    std::int64_t operation = 0;
    const bool was_acting = managed != managed_.end() && managed->second.acting;
    if (managed != managed_.end()) {
        // Whoever brings it back stops here.
        if (managed->second.worker != 0) workers_.cancel(managed->second.worker);
        if (managed->second.operation != 0) end(managed->second.operation);
        managed->second.operation = 0;
        const auto begun = journal_.begin({0, "destroy", uuid, name, ""});
        if (!begun) {
            stay(uuid, was_acting, begun.error());
            return tl::unexpected(begun.error());
        }
        operation = *begun;
        managed->second.timer.reset();
        managed->second.leaving = managed->second.acting = true;
        if (keeper_ != nullptr) keeper_->paused(uuid, true); // from now on its silence is no death
    }
    const auto body = [uuid](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        const auto found = find_domain(TRY(xen::list_domains(xen)), uuid);
        if (found) TRY(end_domain(xen, found->id));
        return std::string("{}");
    };
    Reply inner = reply;
    inner.done = [this, uuid, operation, was_acting, reply](Result<std::string> result) {
        if (managed_.contains(uuid)) {
            end(operation);
            if (result)
                forget(uuid);
            else
                stay(uuid, was_acting, result.error());
        }
        reply.done(std::move(result));
    };
    auto started = run("destroy " + name, work::destroy_deadline, body, std::move(inner));
    if (!started && managed != managed_.end()) {
        end(operation);
        stay(uuid, was_acting, started.error());
    }
    return started;
}

// It could not be destroyed: whoever was bringing it back may go on.
void Manager::stay(const std::string& uuid, bool was_acting, const Error& error) {
    Managed& managed = managed_.at(uuid);
    managed.leaving = false;
    managed.acting = was_acting;
    if (keeper_ != nullptr) keeper_->paused(uuid, false);
    if (managed.remaking) answer_remake(uuid, tl::unexpected(error));
}

} // namespace bulkhead::domain
