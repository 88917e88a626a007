#include "driverdomain/supervisor.hpp"

#include "domain/gate.hpp"

#include "base/json.hpp"
#include "base/log.hpp"
#include "config/domain_config.hpp"
#include "driverdomain/detail.hpp"
#include "driverdomain/report.hpp"
#include "driverdomain/spare.hpp"
#include "xen/uuid.hpp"

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

namespace bulkhead::driverdomain {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr seconds rebirth_deadline{1800}; // its parts have patience of their own; two hundred vifs add up
constexpr seconds boot_patience{60};      // an agent that loads modules and probes cards has no time for heartbeats
constexpr seconds spare_delay{30};        // clients that wait for the driver domain start first
constexpr seconds spare_deadline{300};

milliseconds patience(const domain::Policy& policy) {
    return policy.heartbeat_timeout > 0 ? seconds(policy.heartbeat_timeout) : default_heartbeat_timeout;
}

bool dumps_core(const domain::Policy& policy) {
    return policy.on_crash == xen::OnShutdown::coredump_destroy || policy.on_crash == xen::OnShutdown::coredump_restart;
}

} // namespace

std::string supervision(const domain::Policy& policy) {
    if (!policy.driver_domain) return "none";
    return policy.supervise.empty() ? "reincarnate" : policy.supervise;
}

bool is_death(const domain::Policy& policy, const xen::DomainEvent& event) {
    if (event.kind == xen::DomainEventKind::died) return true;
    if (event.shutdown_reason == 2) return false; // suspended
    if (event.shutdown_reason != 0) return true;
    return policy.on_poweroff == xen::OnShutdown::restart || policy.on_poweroff == xen::OnShutdown::coredump_restart ||
           policy.on_poweroff == xen::OnShutdown::rename_restart;
}

Supervisor::Supervisor(domain::EventLoop& loop, domain::Manager& manager, std::string spares)
    : loop_(loop), manager_(manager), spares_(std::move(spares)),
      pulse_(loop, {[this](const std::string& uuid, const std::string& state) { agent_says(uuid, state); },
                    [this](const std::string& uuid) { silent(uuid); }}) {}

const char* Supervisor::state_name(State state) {
    constexpr const char* names[] = {"booting", "ready", "failed", "returning", "delayed", "down"};
    return names[static_cast<int>(state)];
}

// ---- what the manager and the agents tell ----

void Supervisor::lives(const domain::DomainRecord& record, const domain::Policy& policy) {
    if (!policy.driver_domain) return; // with supervise="none" its clients still want to know when it is ready
    Ward& ward = wards_[record.uuid];
    ward.record = record;
    ward.policy = policy;
    ward.state = State::booting;
    ward.agent.clear();
    pulse_.listen(record.uuid, record.domain, std::max<milliseconds>(boot_patience, patience(policy)));
}

bool Supervisor::ended(const domain::DomainRecord& record, const domain::Policy& policy,
                       const xen::DomainEvent& event) {
    if (supervision(policy) == "none" || !is_death(policy, event)) return false;
    const auto known = wards_.find(record.uuid);
    // Somebody else's driver domain, or one that never got as far as its agent: its file says what to do.
    if (known != wards_.end() && !known->second.heard) return false;
    Ward& ward = wards_[record.uuid];
    ward.record = record;
    ward.policy = policy;
    ward.heard = true;
    if (ward.state == State::returning || ward.state == State::delayed || ward.state == State::down) return true;
    const bool crashed = event.kind == xen::DomainEventKind::shut_down && event.shutdown_reason == 3;
    ward.dump_core = crashed && dumps_core(policy);
    died(ward, event.kind == xen::DomainEventKind::died ? "destroyed" : domain::reason_name(event.shutdown_reason));
    return true;
}

void Supervisor::resume(const domain::DomainRecord& record, const domain::Policy& policy, const std::string& detail) {
    Ward& ward = wards_[record.uuid];
    ward.record = record;
    ward.policy = policy;
    ward.heard = true;
    ward.died = Clock::now();
    ward.cause = "bulkheadd ended while it was brought back";
    const RebirthDetail was = parse_detail(detail);
    if (was.config) {
        ward.next = record;
        ward.next->config = *was.config;
    }
    note(ward, "resumed", {{"step", step_name(was.step)}});
    bring_back(record.uuid, was.step);
}

void Supervisor::gone(const std::string& uuid) {
    if (const Status dropped = SpareStore(spares_).drop(uuid); !dropped) log::warning(dropped.error().message);
    const auto found = wards_.find(uuid);
    if (found == wards_.end()) return;
    pulse_.leave(uuid);
    if (found->second.making_spare != 0) manager_.stop(found->second.making_spare);
    note(found->second, "gone", json::object());
    const std::optional<domain::Reply> asked = std::move(found->second.asked);
    const std::string name = found->second.record.name;
    wards_.erase(found);
    if (asked) asked->done(fail("'" + name + "' was destroyed meanwhile", ECANCELED));
}

void Supervisor::agent_says(const std::string& uuid, const std::string& state) {
    Ward& ward = wards_.at(uuid);
    ward.heard = true;
    if (ward.agent == state) return;
    ward.agent = state;
    if (ward.state == State::returning || ward.state == State::delayed || ward.state == State::down) return;
    const bool was_ready = ward.state == State::ready;
    ward.state = state == "ready" ? State::ready : state.starts_with("failed") ? State::failed : State::booting;
    if (ward.state == State::ready && !was_ready) {
        note(ward, "ready", json::object());
        pulse_.set_patience(uuid, patience(ward.policy));
        make_spare_soon(ward);
        manager_.attach_pending(uuid);
    }
    if (ward.state == State::failed) {
        log::error("driver domain '" + ward.record.name + "' " + state);
        note(ward, "failed", {{"agent", state}});
    }
}

bool Supervisor::ready(const std::string& uuid) const {
    const auto found = wards_.find(uuid);
    return found != wards_.end() && found->second.state == State::ready;
}

void Supervisor::silent(const std::string& uuid) {
    Ward& ward = wards_.at(uuid);
    if (supervision(ward.policy) == "none") {
        log::warning("driver domain '" + ward.record.name + "' is silent");
        note(ward, "silent", json::object());
        ward.state = State::failed;
        pulse_.listen(uuid, ward.record.domain, patience(ward.policy)); // it may speak again
        return;
    }
    const milliseconds waited = ward.state == State::ready ? patience(ward.policy) : milliseconds(boot_patience);
    died(ward, "hung: no heartbeat for " + std::to_string(waited.count() / 1000) + " s");
}

// ---- death and return ----

void Supervisor::died(Ward& ward, const std::string& cause) {
    pulse_.leave(ward.record.uuid);
    ward.died = Clock::now();
    ward.cause = cause;
    log::warning("driver domain '" + ward.record.name + "' died (" + cause + ")");
    note(ward, "died", {{"cause", cause}, {"domain", ward.record.domain}});
    retry(ward);
}

void Supervisor::retry(Ward& ward) {
    const std::string uuid = ward.record.uuid;
    const auto delay = ward.backoff.died(Clock::now());
    if (!delay) {
        ward.state = State::down;
        log::error("driver domain '" + ward.record.name + "' died " + std::to_string(ward.backoff.deaths()) +
                   " times within " + std::to_string(Backoff::window.count()) +
                   " minutes and stays down; its clients have no network. See why with: bulkhead driverdomain show " +
                   ward.record.name + "; start it again with: bulkhead driverdomain restart " + ward.record.name);
        note(ward, "gave-up", {{"deaths", ward.backoff.deaths()}});
        return;
    }
    if (delay->count() == 0) {
        bring_back(uuid, Step::destroy);
        return;
    }
    ward.state = State::delayed;
    log::warning("driver domain '" + ward.record.name + "' comes back in " + std::to_string(delay->count()) + " s");
    auto timer = loop_.after(*delay, [this, uuid] {
        const std::string again = uuid; // NOLINT: the timer goes with what it captured
        bring_back(again, Step::destroy);
    });
    if (timer)
        ward.timer = std::move(*timer);
    else
        bring_back(uuid, Step::destroy);
}

void Supervisor::bring_back(const std::string& uuid, Step from) {
    Ward& ward = wards_.at(uuid);
    ward.state = State::returning;
    pulse_.leave(uuid);
    const domain::DomainRecord record = ward.next ? *ward.next : ward.record;
    RebirthOrder order;
    order.request = domain::request_of(record);
    order.request.driver_domains = manager_.driver_domains();
    order.name = record.name;
    order.domain = record.domain;
    order.same_id = supervision(ward.policy) != "restart";
    order.from = from;
    if (ward.policy.spare) order.spares = spares_;
    // It would take the processor from what clients wait for.
    ward.spare_timer.reset();
    if (ward.making_spare != 0) manager_.stop(ward.making_spare);
    order.dump_core = ward.dump_core;
    const auto body = [order, next = ward.next](xen::Context& xen,
                                                const domain::WorkerSide& side) -> Result<std::string> {
        const domain::Gate gate(side, "reincarnate");
        RebirthHooks hooks;
        hooks.gate = &gate;
        hooks.progress = [&side](std::string_view words) { side.progress(words); };
        hooks.intent = [&](Step step) -> Status {
            TRY(side.intent(print_detail({step, next ? std::optional(next->config) : std::nullopt})));
            side.progress(step_text(step));
            return {};
        };
        return print_report(TRY(be_born_again(xen, order, hooks)));
    };
    domain::Reply reply;
    reply.progress = [this, uuid, name = record.name](const std::string& words) {
        log::info("driver domain '" + name + "': " + words);
        const auto ours = wards_.find(uuid);
        if (ours == wards_.end()) return;
        if (ours->second.asked) ours->second.asked->progress(words);
        tell({0, domain::Journal::now_ms(), uuid, name, "progress", json_line({{"text", words}})});
    };
    reply.done = [this, uuid](Result<std::string> result) {
        if (!wards_.contains(uuid)) return;
        if (result)
            came_back(uuid, *result);
        else
            stayed_away(uuid, result.error());
    };
    const auto started = manager_.remake(record, rebirth_deadline, body, std::move(reply));
    if (!started) stayed_away(uuid, started.error());
}

void Supervisor::came_back(const std::string& uuid, const std::string& report) {
    Ward& ward = wards_.at(uuid); // lives() has been called
    ward.dump_core = false;
    const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - ward.died);
    json detail = json::parse(report, nullptr, false);
    detail.erase("policy");
    detail.erase("pending");
    detail["cause"] = ward.cause;
    detail["milliseconds"] = took.count();
    if (ward.next) detail["upgraded"] = true;
    if (const auto blocked = detail.value("blocked_dma", 0UL); blocked > 0)
        log::info("driver domain '" + ward.record.name +
                  "': the IOMMU blocked DMA of its device that nobody awaited any " + "more (" +
                  std::to_string(blocked) + " lines in Xen's log), as expected");
    log::info("driver domain '" + ward.record.name + "' is back after " + std::to_string(took.count()) + " ms");
    note(ward, "returned", detail);
    ward.next.reset();
    const std::optional<domain::Reply> asked = std::move(ward.asked);
    ward.asked.reset();
    const std::string failed = std::exchange(ward.failed_upgrade, "");
    if (!asked) return;
    if (failed.empty()) {
        asked->done(json_line(detail));
    } else {
        asked->done(fail("the new driver domain failed (" + failed + "); the old one is back", EIO));
    }
}

void Supervisor::stayed_away(const std::string& uuid, const Error& error) {
    Ward& ward = wards_.at(uuid);
    log::error("driver domain '" + ward.record.name + "' did not come back: " + error.message);
    note(ward, "not-returned", {{"error", error.message}});
    if (ward.next) { // an upgrade that does not work: back to what did
        ward.next.reset();
        ward.failed_upgrade = error.message;
        bring_back(uuid, Step::destroy);
        return;
    }
    const std::optional<domain::Reply> asked = std::move(ward.asked);
    ward.asked.reset();
    retry(ward);
    if (asked) asked->done(fail("'" + ward.record.name + "' did not come back: " + error.message, error.code));
}

// ---- the spare ----

void Supervisor::make_spare_soon(Ward& ward) {
    if (!ward.policy.spare || supervision(ward.policy) != "reincarnate" || ward.making_spare != 0) return;
    auto timer = loop_.after(spare_delay, [this, uuid = ward.record.uuid] {
        const std::string copy = uuid; // NOLINT: the timer goes with what it captured
        make_spare(copy);
    });
    if (timer) ward.spare_timer = std::move(*timer);
}

void Supervisor::make_spare(const std::string& uuid) {
    Ward& ward = wards_.at(uuid);
    if (ward.state != State::ready || ward.making_spare != 0) return;
    if (manager_.busy()) { // people come first
        make_spare_soon(ward);
        return;
    }
    xen::DomainInfo spare;
    spare.uuid = xen::new_uuid();
    spare.name = ward.record.name + "-spare";
    const auto body = [request = domain::request_of(ward.record), directory = spares_,
                       spare](xen::Context& xen, const domain::WorkerSide& side) -> Result<std::string> {
        const domain::Gate gate(side, "spare");
        domain::CreateHooks hooks;
        hooks.gate = &gate;
        hooks.progress = [](std::string_view) {};
        hooks.intent = [&side](const std::string&, const std::string& name) { return side.intent(name); };
        const bool made = TRY(SpareStore(directory).make(xen, request, spare.uuid, hooks));
        return json_line({{"made", made}});
    };
    domain::Reply reply;
    reply.done = [this, uuid](Result<std::string> result) {
        const auto found = wards_.find(uuid);
        if (found == wards_.end()) return;
        found->second.making_spare = 0;
        if (!result && result.error().code == ECANCELED) return; // the next return orders one
        if (!result) {
            log::warning("no spare of driver domain '" + found->second.record.name + "': " + result.error().message);
            note(found->second, "no-spare", {{"error", result.error().message}});
        } else if (json::parse(*result, nullptr, false).value("made", false)) {
            note(found->second, "spare", json::object());
        }
    };
    const auto started = manager_.run_on("spare", spare, spare_deadline, body, std::move(reply));
    if (started)
        ward.making_spare = *started;
    else
        log::warning("no spare of driver domain '" + ward.record.name + "': " + started.error().message);
}

// ---- for people ----

Result<Supervisor::Ward*> Supervisor::find(const std::string& name) {
    for (auto& [uuid, ward] : wards_) {
        if (name == uuid || name == ward.record.name || name == std::to_string(ward.record.domain)) return &ward;
    }
    std::string there;
    for (const auto& [uuid, ward] : wards_) there += (there.empty() ? "" : ", ") + ward.record.name;
    return fail("'" + name + "' is not a driver domain that bulkheadd looks after; there is: " +
                    (there.empty() ? "none (a domain becomes one by driver_domain=1 in its file)" : there),
                ENOENT);
}

Status Supervisor::restart(const std::string& name, const std::vector<std::string>& overrides,
                           const domain::Reply& reply) {
    const Ward& ward = *TRY(find(name));
    domain::DomainRecord next = ward.record;
    if (!overrides.empty()) next.config = config::with_overrides(ward.record.config, overrides);
    // What cannot even be tried must not cost the living one.
    const auto check = [request = domain::request_of(next)](xen::Context&,
                                                            const domain::WorkerSide&) -> Result<std::string> {
        TRY(domain::check_request(request, TRY(domain::host_settings())));
        return std::string("{}");
    };
    domain::Reply checked;
    checked.progress = reply.progress;
    checked.done = [this, next, overrides, reply](const Result<std::string>& result) {
        Status replaced = result ? Status() : tl::unexpected(result.error());
        if (replaced) replaced = replace(next, overrides, reply);
        if (!replaced) reply.done(tl::unexpected(replaced.error()));
    };
    TRY(manager_.run("check " + ward.record.name, seconds(15), check, std::move(checked)));
    return {};
}

Status Supervisor::replace(const domain::DomainRecord& next, const std::vector<std::string>& overrides,
                           const domain::Reply& reply) {
    const auto found = wards_.find(next.uuid);
    if (found == wards_.end()) return fail("'" + next.name + "' was destroyed meanwhile", ECANCELED);
    Ward& ward = found->second;
    if (ward.state == State::returning)
        return fail("'" + ward.record.name + "' is being brought back; wait for that", EBUSY);
    if (!overrides.empty()) ward.next = next;
    pulse_.leave(next.uuid);
    ward.timer.reset();
    ward.backoff.forgive();
    ward.asked = reply;
    ward.died = Clock::now();
    ward.cause = overrides.empty() ? "restart" : "upgrade";
    note(ward, ward.cause, {{"overrides", overrides}});
    bring_back(next.uuid, Step::destroy);
    return {};
}

json Supervisor::describe(const Ward& ward) const {
    return {{"name", ward.record.name},
            {"uuid", ward.record.uuid},
            {"id", ward.record.domain},
            {"state", state_name(ward.state)},
            {"agent", ward.agent},
            {"supervise", supervision(ward.policy)},
            {"heartbeat_timeout", patience(ward.policy).count() / 1000},
            {"recent_deaths", ward.backoff.deaths()}};
}

std::string Supervisor::list() const {
    json domains = json::array();
    for (const auto& [uuid, ward] : wards_) domains.push_back(describe(ward));
    return json_line({{"driver_domains", domains}});
}

Status Supervisor::show(const std::string& name, domain::Reply reply) {
    const Ward& ward = *TRY(find(name));
    json object = describe(ward);
    object["history"] = json::array();
    for (const domain::HistoryEntry& entry : TRY(manager_.journal().history(ward.record.uuid, 50)))
        object["history"].push_back(json::parse(print(entry), nullptr, false));
    const auto body = [object, id = ward.record.domain](xen::Context& xen,
                                                        const domain::WorkerSide&) -> Result<std::string> {
        json whole = object;
        whole.update(json::parse(TRY(print_clients(xen, id)), nullptr, false));
        return json_line(whole);
    };
    TRY(manager_.run("driverdomain show " + ward.record.name, seconds(15), body, std::move(reply)));
    return {};
}

Result<std::vector<domain::HistoryEntry>> Supervisor::history(const std::string& name, std::size_t most) {
    std::string uuid;
    if (!name.empty()) uuid = TRY(find(name))->record.uuid;
    return manager_.journal().history(uuid, most);
}

void Supervisor::note(const Ward& ward, const std::string& what, const json& detail) {
    const auto entry = manager_.journal().record({0, 0, ward.record.uuid, ward.record.name, what, json_line(detail)});
    if (!entry) {
        log::error(entry.error().message);
        return;
    }
    tell(*entry);
}

void Supervisor::tell(const domain::HistoryEntry& entry) {
    const auto listeners = listeners_; // one may leave while it is told
    for (const auto& [id, listener] : listeners) {
        if (listeners_.contains(id)) listener(entry);
    }
}

std::uint64_t Supervisor::subscribe(Listener listener) {
    listeners_.emplace(next_listener_, std::move(listener));
    return next_listener_++;
}

std::string Supervisor::print(const domain::HistoryEntry& entry) {
    const json detail = json::parse(entry.detail, nullptr, false); // a damaged one is shown as it is
    return json_line({{"id", entry.id},
                      {"at", entry.at},
                      {"uuid", entry.uuid},
                      {"name", entry.name},
                      {"event", entry.what},
                      {"detail", detail.is_discarded() ? json(entry.detail) : detail}});
}

} // namespace bulkhead::driverdomain
