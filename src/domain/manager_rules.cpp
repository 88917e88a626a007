// The part of Manager that keeps the rules of vifs (vif_rules.hpp, dom0_fence.hpp) as the mandatory policy wants them.
#include "base/log.hpp"
#include "domain/dom0_fence.hpp"
#include "domain/gate.hpp"
#include "domain/manager.hpp"
#include "domain/vif_rules.hpp"
#include "domain/work.hpp"
#include "net/fence.hpp"
#include "xen/nic.hpp"

#include <sys/epoll.h>
#include <utility>

namespace bulkhead::domain {
namespace {

constexpr std::chrono::seconds agent_patience{10}; // until the agents of driver domains have taken new rules

} // namespace

void Manager::log_failure(const Status& status) {
    if (!status) log::error(status.error().message);
}

void Manager::renew_vif_rules(Told then) {
    renewals_.push_back(std::move(then));
    if (!renewing_) renew_now();
}

void Manager::renew_now() {
    renewing_ = true;
    const auto over = [this, told = std::exchange(renewals_, {})](const Status& status) {
        for (const Told& then : told) then(status);
        renewing_ = false;
        if (!renewals_.empty()) renew_now();
    };
    const auto running = list();
    if (!running) return over(tl::unexpected(running.error()));
    security_.reconcile(*running);
    const bool policy = security_.state() != Security::State::none;
    std::map<unsigned, Security::VifTypes> wanted;
    for (const xen::DomainInfo& domain : *running) wanted[domain.id] = security_.vif_types(policy_uuid(domain));
    const auto body = [wanted, policy](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        xen::Store store = TRY(xen::Store::open());
        Status all;
        const auto keeps = [&all](const xen::NicInfo& nic, unsigned domain, const Error& error) {
            all = fail("vif " + std::to_string(nic.devid) + " of domain " + std::to_string(domain) +
                           " may still have its old types: " + error.message + "; attach it again",
                       error.code);
        };
        std::vector<std::pair<unsigned, xen::NicInfo>> told; // of driver domains
        for (const auto& [domain, types] : wanted) {
            if (policy && types.empty()) continue;
            const auto nics = xen::list_nics(xen, domain);
            if (!nics) continue; // it has ended
            for (const xen::NicInfo& nic : *nics) {
                const auto carried = types.find(vif_device(nic.devid));
                if (policy && carried == types.end()) continue;
                const auto done = change_types(store, nic.backend_domain, domain, nic.devid,
                                               policy ? std::optional(carried->second) : std::nullopt);
                if (!done)
                    keeps(nic, domain, done.error());
                else if (*done && nic.backend_domain != 0)
                    told.emplace_back(domain, nic);
            }
        }
        TRY(context(install_dom0_fence(store), "the rules of dom0's vifs"));
        const auto end = std::chrono::steady_clock::now() + agent_patience;
        for (const auto& [domain, nic] : told) {
            const Status in_force = await_rules(store, nic.backend_domain, domain, nic.devid, end);
            if (!in_force) keeps(nic, domain, in_force.error());
        }
        TRY(all);
        return std::string("{}");
    };
    Reply reply;
    reply.done = [over](const Result<std::string>& result) {
        over(result ? Status() : tl::unexpected(result.error()));
    };
    if (const auto started = run("rules of vifs", work::attach_deadline, body, reply); !started)
        over(tl::unexpected(started.error()));
}

Status Manager::watch_dom0_fence() {
    fence_events_ = TRY(net::TableEvents::open(net::fence_table));
    fence_watch_ = TRY(loop_.watch(fence_events_->fd(), EPOLLIN, [this](std::uint32_t) {
        const auto foreign = fence_events_->take();
        if (!foreign) {
            log::error("what others do to the rules of dom0's vifs is not seen any more: " + foreign.error().message);
            fence_watch_.reset();
            return;
        }
        if (!*foreign) return;
        log::warning("another program has changed the rules of dom0's vifs; they are made anew");
        renew_vif_rules();
    }));
    return {};
}

} // namespace bulkhead::domain
