// The part of Manager that deals with vifs whose driver domain was not ready when their domain was made.
#include "base/log.hpp"
#include "domain/gate.hpp"
#include "domain/manager.hpp"
#include "domain/vif_attach.hpp"
#include "domain/work.hpp"
#include "xen/store.hpp"

namespace bulkhead::domain {

using std::chrono::seconds;

namespace {

constexpr seconds retry_delay{60};

} // namespace

std::vector<std::string> Manager::driver_domains() const {
    std::vector<std::string> names;
    for (const auto& [uuid, managed] : managed_) {
        if (!managed.policy.driver_domain) continue;
        names.insert(names.end(), {uuid, managed.record.name, std::to_string(managed.record.domain)});
    }
    return names;
}

void Manager::look_at_pending(const std::vector<PendingVif>& pending) {
    for (const PendingVif& vif : pending) {
        const DomainRecord* const backend = record(vif.backend);
        if (backend != nullptr && keeper_ != nullptr && keeper_->ready(backend->uuid)) attach_pending(backend->uuid);
    }
}

void Manager::look_at_all_pending() {
    if (const auto pending = journal_.pending_vifs())
        look_at_pending(*pending);
    else
        log::error(pending.error().message);
}

void Manager::attach_pending(const std::string& driver_domain_uuid) {
    if (!recovered_) return; // an earlier attempt may have to be undone first; recover() comes back to it
    const auto pending = journal_.pending_vifs();
    if (!pending) {
        log::error(pending.error().message);
        return;
    }
    for (const PendingVif& vif : *pending) {
        const DomainRecord* const backend = record(vif.backend);
        const auto client = managed_.find(vif.uuid);
        if (backend == nullptr || backend->uuid != driver_domain_uuid || client == managed_.end()) continue;
        if (!client->second.acting && attaching_.emplace(vif.uuid, vif.devid).second)
            attach_pending(vif, client->second.record);
    }
}

void Manager::attach_pending(const PendingVif& vif, const DomainRecord& client) {
    xen::DomainInfo domain;
    domain.id = client.domain;
    domain.uuid = client.uuid;
    domain.name = client.name;
    const std::string what = "vif " + std::to_string(vif.devid) + " of domain '" + client.name + "'";
    const auto body = [domain, vif, request = request_of(client)](xen::Context& xen,
                                                                  const WorkerSide& side) -> Result<std::string> {
        const std::vector<xen::NicSpec> nics = TRY(parse_request(request, TRY(host_settings()))).spec.nics;
        const auto spec = TRY(configured_vif(nics, vif.devid));
        xen::Store store = TRY(xen::Store::open());
        const Gate gate(side, "network-attach");
        AttachHooks hooks;
        hooks.gate = &gate;
        hooks.progress = [](std::string_view) {};
        hooks.connected = false; // the client may be paused, or have no driver yet
        hooks.intent = [&](unsigned devid, const std::string& mac) {
            return side.intent(std::to_string(devid) + " " + mac);
        };
        const auto domains = TRY(xen::list_domains(xen));
        const Backend backend = TRY(find_backend(store, domains, spec.backend, seconds(30), hooks.progress));
        TRY(attach_vif(xen, store, domain, spec, backend, hooks));
        return std::string("{}");
    };
    Reply reply;
    reply.progress = [](const std::string&) {};
    reply.done = [this, vif, what](const Result<std::string>& result) {
        attaching_.erase({vif.uuid, vif.devid});
        if (!result) {
            log::error(what + " still waits for driver domain '" + vif.backend + "': " + result.error().message);
            if (auto timer = loop_.after(retry_delay, [this] { look_at_all_pending(); }))
                pending_retry_ = std::move(*timer);
            return;
        }
        log::info(what + " is connected to driver domain '" + vif.backend + "'");
        if (const Status done = journal_.forget_pending(vif); !done) log::error(done.error().message);
    };
    const auto started = run_on("network-attach", domain, work::attach_deadline, body, std::move(reply));
    if (started) return;
    attaching_.erase({vif.uuid, vif.devid});
    log::error(what + ": " + started.error().message);
}

} // namespace bulkhead::domain
