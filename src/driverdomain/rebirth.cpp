#include "driverdomain/rebirth.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "domain/end.hpp"
#include "domain/local_backends.hpp"
#include "domain/names.hpp"
#include "domain/policy.hpp"
#include "driverdomain/blocked_dma.hpp"
#include "driverdomain/fallback.hpp"
#include "driverdomain/spare.hpp"
#include "xen/domain.hpp"
#include "xen/domid_history.hpp"
#include "xen/hypervisor_log.hpp"

#include <algorithm>
#include <cerrno>
#include <future>

namespace bulkhead::driverdomain {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds letting_go_patience{10};

class Stopwatch {
public:
    explicit Stopwatch(std::vector<StepTime>& steps) : steps_(steps) {}
    void lap(const char* step) {
        const auto now = Clock::now();
        steps_.push_back({step, std::chrono::duration_cast<std::chrono::milliseconds>(now - last_)});
        last_ = now;
    }

private:
    std::vector<StepTime>& steps_;
    Clock::time_point last_ = Clock::now();
};

std::vector<pci::Address> addresses(const std::vector<xen::PciSpec>& devices) {
    std::vector<pci::Address> found;
    for (const xen::PciSpec& device : devices) {
        if (const auto address = pci::address_of_spec(device.text)) found.push_back(*address);
    }
    return found;
}

// Whatever lives under the UUID, whole or half-made.
Status destroy_by_uuid(xen::Context& xen, const RebirthOrder& order) {
    const auto found = domain::find_domain(TRY(xen::list_domains(xen)), order.request.uuid);
    if (!found) return {};
    if (order.dump_core) {
        if (const Status dumped = xen::dump_core(xen, found->id, order.name); !dumped)
            log::warning(dumped.error().message);
    }
    return domain::end_domain(xen, found->id);
}

// Gives the clients' vifs to the new domain: a thread of its own, because libxl is busy meanwhile with the domain's
// NIC, and a boot takes its time as well.
class HandOver {
public:
    void begin(unsigned server) {
        wait(); // for an attempt whose domain could not be completed
        result_ = std::async(std::launch::async, [this, server] { return hand_over(server); });
    }

    // Waits for the end of it. What the clients did wrong is told to `progress`.
    Result<std::vector<ClientVif>> finish(const domain::Progress& progress) {
        Result<std::vector<ClientVif>> handed = result_.get();
        for (const std::string& complaint : complaints_) progress(complaint);
        complaints_.clear();
        return handed;
    }
    [[nodiscard]] bool begun() const { return result_.valid(); }
    void wait() const {
        if (begun()) result_.wait();
    }

private:
    // The vifs of the old domid; their own records, so that a client may come and go meanwhile.
    Result<std::vector<ClientVif>> hand_over(unsigned server) {
        xen::Store store = TRY(xen::Store::open());
        std::vector<ClientVif> handed;
        for (ClientVif& vif : TRY(client_vifs(store, server))) {
            const auto granted = grant_again(store, vif);
            if (!granted) { // this client's own doing; the others go on
                if (xen::connection_failed(granted.error())) return tl::unexpected(granted.error());
                complaints_.push_back(vif.name() + ": " + granted.error().message);
            }
            if (granted && !*granted) continue;
            if (TRY(write_backend(store, vif))) handed.push_back(std::move(vif));
        }
        return handed;
    }

    std::vector<std::string> complaints_;
    std::future<Result<std::vector<ClientVif>>> result_; // last: its end waits for the thread
};

// The domains once the one that died is none of them: another toolstack may still be taking it apart, and Xen keeps it
// until nobody maps its pages. After the patience it is in there, dying.
Result<std::vector<xen::DomainInfo>> domains_without(xen::Context& xen, xen::Store& store, const RebirthOrder& order) {
    TRY(store.watch("@releaseDomain", "gone"));
    const auto end = Clock::now() + letting_go_patience;
    for (;;) {
        std::vector<xen::DomainInfo> domains = TRY(xen::list_domains(xen));
        const bool dying = std::any_of(domains.begin(), domains.end(), [&order](const xen::DomainInfo& domain) {
            return domain.id == order.domain && domain.uuid == order.request.uuid && domain.dying;
        });
        if (!dying || !TRY(store.wait_event(end))) {
            (void)store.unwatch("@releaseDomain", "gone");
            return domains;
        }
    }
}

Result<domain::Created> create(xen::Context& xen, xen::Store& store, const RebirthOrder& order,
                               const RebirthHooks& hooks, const std::function<void(unsigned)>& started,
                               bool& from_spare) {
    domain::CreateRequest request = order.request;
    if (order.same_id) request.domain = order.domain;
    const auto domains = TRY(domains_without(xen, store, order));
    const auto taken =
        std::find_if(domains.begin(), domains.end(), [&](const auto& d) { return d.id == order.domain; });
    if (taken == domains.end()) {
        TRY(domain::remove_local_backends(store, order.domain));
    } else if (order.same_id) {
        hooks.progress("domain id " + std::to_string(order.domain) + " now belongs to '" + taken->name +
                       "': the clients' vifs have to be made anew");
        request.domain.reset();
    }
    if (request.domain) {
        TRY(xen::forget_recent_domid(*request.domain));
        const Status free = domain::await_no_local_backends(*request.domain, letting_go_patience);
        if (!free) hooks.progress(free.error().message + ", which may keep the new one from its devices");
    }
    domain::CreateHooks inner;
    inner.progress = hooks.progress;
    inner.intent = [](const std::string&, const std::string&) { return Status(); }; // announced already
    inner.started = started;
    inner.gate = hooks.gate;
    if (!order.spares.empty()) {
        const SpareStore spares(order.spares);
        const auto spare = spares.find(xen, request);
        if (spare && !spare->empty()) {
            request.saved = *spare;
            auto restored = domain::create_domain(xen, request, inner);
            from_spare = restored.has_value();
            if (restored) return restored;
            // Whatever is wrong with it, a boot may still do.
            hooks.progress("its spare cannot be used (" + restored.error().message + "): it boots");
            (void)spares.drop(request.uuid);
            request.saved.clear();
            if (request.domain) TRY(xen::forget_recent_domid(*request.domain));
        }
    }
    return domain::create_domain(xen, request, inner);
}

bool lives(xen::Context& xen, const std::string& uuid) {
    const auto domains = xen::list_domains(xen);
    if (!domains) return true; // not known
    const auto found = domain::find_domain(*domains, uuid);
    return found && !found->shutdown && !found->dying;
}

bool has_its_id(const RebirthOrder& order, unsigned domain) {
    return order.same_id && domain == order.domain;
}

// `starting_will_do`: it cannot be ready yet, but its agent serves vifs.
Status await_ready(xen::Context& xen, xen::Store& store, const RebirthOrder& order, unsigned domain,
                   bool starting_will_do) {
    const std::string node = "/local/domain/" + std::to_string(domain) + "/data/bulkhead/state";
    TRY(store.watch(node, "ready"));
    TRY(store.watch("@releaseDomain", "ready"));
    const auto end = Clock::now() + order.ready_patience;
    std::string state;
    Status status;
    for (;;) {
        const auto read = TRY(store.read_if(node));
        state = read ? printable(*read, 256) : "";
        if (state == "ready" || (starting_will_do && state == "starting")) break;
        if (state.starts_with("failed")) {
            status = fail("its agent says: " + state, EIO);
            break;
        }
        if (!lives(xen, order.request.uuid)) {
            status = fail("it ended while it booted; see: bulkhead console, /var/log/xen/console", EHOSTDOWN);
            break;
        }
        if (!TRY(store.wait_event(end))) {
            status = fail("not ready after " + std::to_string(order.ready_patience.count()) +
                              " s (its agent says: " + (state.empty() ? "nothing" : state) + ")",
                          ETIMEDOUT);
            break;
        }
    }
    (void)store.unwatch(node, "ready");
    (void)store.unwatch("@releaseDomain", "ready");
    return status;
}

// The domain could not be completed and libxl has removed its nodes; what was handed over may have come after that. Not
// if the id is somebody else's by now.
void remove_late_nodes(xen::Context& xen, xen::Store& store, unsigned domain, const HandOver& hand_over) {
    hand_over.wait();
    const auto domains = xen::list_domains(xen);
    if (!domains || std::any_of(domains->begin(), domains->end(), [=](const auto& d) { return d.id == domain; }))
        return;
    if (const Status removed = store.remove("/local/domain/" + std::to_string(domain)); !removed)
        log::warning(removed.error().message);
}

// The half of the work that needs the new domain running.
Status connect(xen::Context& xen, xen::Store& store, const RebirthOrder& order, const RebirthHooks& hooks,
               HandOver& hand_over, RebirthReport& report) {
    Stopwatch watch(report.steps);
    const bool same_id = has_its_id(order, report.domain);
    if (same_id && !hand_over.begun()) hand_over.begin(report.domain);
    // Written while it still boots: netback finds them as soon as it is loaded.
    std::vector<ClientVif> vifs = TRY(same_id ? hand_over.finish(hooks.progress) : client_vifs(store, order.domain));
    watch.lap("hand over");
    // In a chain, both may have died: the other one's return completes this one's uplink.
    const bool waits = !report.pending.empty();
    if (waits) hooks.progress("its own vif waits for another driver domain; its clients wait with it");
    TRY(context(await_ready(xen, store, order, report.domain, waits), "driver domain '" + order.name + "'"));
    watch.lap("boot");
    if (same_id) {
        report.vifs = TRY(await_vifs(store, std::move(vifs), order.connect_patience));
    } else {
        for (ClientVif& vif : vifs) {
            report.vifs.push_back(
                {std::move(vif), VifOutcome::refused, "the driver domain has another id now", 1, false});
        }
    }
    watch.lap("reconnect");
    for (VifReport& vif : report.vifs) {
        if (vif.outcome != VifOutcome::refused) continue;
        hooks.progress(vif.vif.name() + ": " + vif.reason + "; it is detached and attached again");
        if (const Status replaced = replace_vif(xen, vif.vif, report.domain); !replaced)
            vif.reason += "; attaching it again failed: " + replaced.error().message;
    }
    watch.lap("replace");
    return {};
}

} // namespace

const char* step_name(Step step) {
    constexpr const char* names[] = {"destroy", "create", "connect"};
    return names[static_cast<int>(step)];
}

const char* step_text(Step step) {
    constexpr const char* texts[] = {"removing what is left of it", "making it again", "connecting its clients"};
    return texts[static_cast<int>(step)];
}

Step parse_step(const std::string& name) {
    for (const Step step : {Step::create, Step::connect}) {
        if (name == step_name(step)) return step;
    }
    return Step::destroy;
}

Result<RebirthReport> be_born_again(xen::Context& xen, const RebirthOrder& order, const RebirthHooks& hooks) {
    RebirthReport report;
    HandOver hand_over;
    xen::Store store = TRY(xen::Store::open());
    Stopwatch watch(report.steps);
    const config::ParsedDomain parsed = TRY(domain::check_request(order.request, TRY(domain::host_settings())));
    report.policy = domain::print_policy(domain::policy_of(parsed.spec));
    xen::HypervisorLog xen_log = TRY(xen::HypervisorLog::open());
    TRY(xen_log.more()); // the past
    const auto living = domain::find_domain(TRY(xen::list_domains(xen)), order.request.uuid);
    const bool born = order.from == Step::connect && living && !living->shutdown && !living->dying;
    if (born) { // announced by someone who died afterwards
        report.domain = living->id;
    } else {
        TRY(hooks.intent(Step::destroy));
        TRY(destroy_by_uuid(xen, order));
        watch.lap("destroy");
        TRY(hooks.intent(Step::create));
        const auto started = [&](unsigned domain) {
            watch.lap("create");
            if (has_its_id(order, domain)) hand_over.begin(domain);
        };
        auto created = create(xen, store, order, hooks, started, report.from_spare);
        if (!created) {
            if (hand_over.begun()) remove_late_nodes(xen, store, order.domain, hand_over);
            return tl::unexpected(created.error());
        }
        report.domain = created->domain;
        report.pending = std::move(created->pending);
        watch.lap("devices");
        TRY(hooks.intent(Step::connect));
    }
    if (const Status connected = connect(xen, store, order, hooks, hand_over, report); !connected) {
        (void)domain::end_domain(xen, report.domain);
        if (report.from_spare) (void)SpareStore(order.spares).drop(order.request.uuid); // it may be to blame
        return tl::unexpected(connected.error());
    }
    if (const auto news = xen_log.more()) report.blocked_dma = blocked_dma(*news, addresses(parsed.spec.pcis));
    return report;
}

} // namespace bulkhead::driverdomain
