// The part of Manager that goes on with what a daemon or a worker left that died in the middle.
#include "base/log.hpp"
#include "domain/manager.hpp"
#include "domain/names.hpp"
#include "domain/undo.hpp"
#include "domain/work.hpp"

#include <algorithm>

namespace bulkhead::domain {

void Manager::undo(const Operation& operation, const std::function<void(bool undone)>& then) {
    log::info("taking back what is left of " + operation.verb + " of domain '" + operation.name + "' (" +
              operation.uuid + ")");
    const auto body = [operation](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        TRY(take_back(xen, operation));
        return std::string("{}");
    };
    Reply reply;
    reply.done = [this, operation, then](const Result<std::string>& result) {
        if (result) {
            end(operation.id);
            log::info("taken back: " + operation.verb + " of domain '" + operation.name + "'");
        } else { // the row stays: the next start of the daemon tries again
            log::error("cannot undo " + operation.verb + " of domain '" + operation.name +
                       "': " + result.error().message);
        }
        then(result.has_value());
    };
    const auto started = run("undo " + operation.verb + " " + operation.name, work::destroy_deadline, body, reply);
    if (!started) {
        log::error(started.error().message);
        then(false);
    }
}

Status Manager::recover() {
    const std::vector<xen::DomainInfo> running = TRY(list());
    const std::vector<Operation> left = TRY(journal_.operations());
    std::vector<std::string> ended; // ours, but not there
    for (DomainRecord& record : TRY(journal_.domains())) {
        const std::string uuid = record.uuid;
        const unsigned last = record.domain;
        const auto found = find_domain(running, uuid);
        adopt(std::move(record), found ? found->id : 0);
        managed_.at(uuid).record.domain = found ? found->id : last;
        const bool in_progress = std::any_of(left.begin(), left.end(), [&](const Operation& operation) {
            return operation.uuid == uuid && !concerns_device(operation);
        });
        if (!found && !in_progress) ended.push_back(uuid);
        if (!in_progress) forget_image(uuid); // it went on from there, and a daemon before us died before it said so
    }
    // Ends when the last of them gives up its copy.
    const std::shared_ptr<void> recovered(nullptr, [this, count = left.size()](void*) {
        log::info("recovery is over: " + std::to_string(count) + " operations were half-done");
        recovered_ = true;
        look_at_all_pending();
    });
    // A daemon before us may have died between a label and the rules that follow from it, or between the words in
    // xenstore and the kernel's table; and nobody saw what others did to the table.
    if (const Status watched = watch_dom0_fence(); !watched)
        log::warning("what others do to the rules of dom0's vifs is not seen: " + watched.error().message);
    renew_vif_rules([recovered](const Status& renewed) { log_failure(renewed); });
    for (const Operation& operation : left) resume(operation, recovered);
    for (const std::string& uuid : ended) {
        Managed& managed = managed_.at(uuid);
        log::info("domain '" + managed.record.name + "' ended while bulkheadd was not running");
        if (!keeper_takes(managed, {xen::DomainEventKind::died, managed.record.domain, -1})) forget(uuid);
    }
    return {};
}

// What a daemon before us was doing.
void Manager::resume(const Operation& operation, const std::shared_ptr<void>& recovered) {
    const auto managed = managed_.find(operation.uuid);
    if (managed == managed_.end() || concerns_device(operation)) {
        undo(operation, [recovered](bool) {});
    } else if (operation.verb == "reincarnate" && keeper_ != nullptr) {
        managed->second.acting = true;
        managed->second.operation = operation.id;
        xen_->unwatch_domain(managed->second.record.domain);
        keeper_->resume(managed->second.record, managed->second.policy, operation.detail);
    } else if (operation.verb == "save") { // it runs on, or is in its file
        undo(operation, [this, recovered, uuid = operation.uuid](bool) {
            if (managed_.contains(uuid) && !find(uuid)) forget(uuid);
        });
    } else if (operation.verb == "restart" && operation.detail.empty() && find(operation.uuid)) {
        // Nothing was done yet. The domain is there, with what was attached to it; libxl tells of its end once more.
        end(operation.id);
    } else { // a restart is taken up again: its domain was meant to live
        managed->second.acting = true;
        undo(operation, [this, recovered, again = operation.verb == "restart", uuid = operation.uuid](bool) {
            if (!managed_.contains(uuid)) return;
            if (again)
                restart_now(uuid, 0, xen::OnShutdown::restart);
            else
                forget(uuid);
        });
    }
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
    const Managed& ours = managed_.insert_or_assign(uuid, std::move(managed)).first->second;
    if (domain == 0) return; // it is being made again
    if (const Status watched = xen_->watch_domain(domain); !watched) log::error(watched.error().message);
    if (keeper_ != nullptr) keeper_->lives(ours.record, ours.policy);
}

} // namespace bulkhead::domain
