#include "daemon/arguments.hpp"
#include "daemon/handlers.hpp"

#include "config/vif.hpp"
#include "domain/gate.hpp"
#include "domain/vif_attach.hpp"
#include "domain/vif_rules.hpp"
#include "xen/nic.hpp"
#include "xen/store.hpp"

#include "base/mac_address.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <set>

namespace bulkhead::daemon {
namespace {

constexpr seconds backend_patience{90}; // it may be brought back just now
constexpr seconds attach_deadline{180};

json describe(const xen::NicInfo& nic) {
    return {{"devid", nic.devid},     {"backend_domain", nic.backend_domain},
            {"mac", nic.mac},         {"bridge", nic.bridge},
            {"state", nic.state},     {"event_channel", nic.event_channel},
            {"tx_ring", nic.tx_ring}, {"rx_ring", nic.rx_ring},
            {"backend", nic.backend}};
}

Result<xen::NicSpec> nic_spec(const Arguments& arguments) {
    xen::NicSpec spec = TRY(domain::host_settings()).nic;
    for (const std::string& words : TRY(arguments.texts("vif"))) TRY(config::parse_vif(words, spec));
    return spec;
}

Status attach(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo client = TRY(arguments.domain(manager));
    xen::NicSpec spec = TRY(nic_spec(arguments));
    const std::vector<std::string> bridging = manager.driver_domains();
    if (!spec.antispoof && std::find(bridging.begin(), bridging.end(), client.uuid) != bridging.end())
        spec.antispoof = false;                                // what it sends is its clients'
    const bool ours = manager.record(spec.backend) != nullptr; // also while it is brought back and has no domain
    std::set<unsigned> reserved;
    for (const domain::PendingVif& vif : TRY(manager.journal().pending_vifs())) {
        if (vif.uuid != client.uuid) continue;
        if (spec.devid == vif.devid)
            return fail("vif " + std::to_string(vif.devid) + " of '" + client.name + "' waits for driver domain '" +
                            vif.backend + "'; give another number, or none",
                        EEXIST);
        reserved.insert(vif.devid);
    }
    const auto body = [client, spec, ours, reserved](xen::Context& xen, const WorkerSide& side) -> Result<std::string> {
        xen::Store store = TRY(xen::Store::open());
        const domain::Gate gate(side, "network-attach");
        domain::AttachHooks hooks;
        hooks.gate = &gate;
        hooks.progress = [&](std::string_view words) { side.progress(words); };
        hooks.intent = [&](unsigned devid, const std::string& mac) {
            return side.intent(std::to_string(devid) + " " + mac);
        };
        hooks.reserved = reserved;
        const domain::Backend backend =
            ours ? TRY(domain::await_backend(xen, store, spec.backend, backend_patience, hooks.progress))
                 : TRY(domain::find_backend(store, TRY(xen::list_domains(xen)), spec.backend, backend_patience,
                                            hooks.progress));
        const xen::NicInfo nic = TRY(domain::attach_vif(xen, store, client, spec, backend, hooks));
        return json_line(describe(nic));
    };
    TRY(manager.run_on("network-attach", client, attach_deadline, body, reply_to(call)));
    return {};
}

Status describe_attach(Manager& manager, const CallPointer& call) {
    const xen::NicSpec spec = TRY(nic_spec(Arguments(*call)));
    const auto body = [spec](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        return json_line({{"text", TRY(xen::describe_nic(xen, spec))}});
    };
    return run_while_connected(manager, call, manager.run("network-attach -n", query_deadline, body, reply_to(call)));
}

Status list_vifs(Manager& manager, const CallPointer& call) {
    const auto wanted = TRY(Arguments(*call).texts("domains"));
    std::vector<xen::DomainInfo> domains;
    for (const std::string& name : wanted) domains.push_back(TRY(manager.find(name)));
    if (wanted.empty()) domains = TRY(manager.list());
    const auto pending = TRY(manager.journal().pending_vifs());
    const auto body = [domains, pending](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        json lists = json::array();
        for (const xen::DomainInfo& domain : domains) {
            json nics = json::array();
            for (const xen::NicInfo& nic : TRY(xen::list_nics(xen, domain.id))) nics.push_back(describe(nic));
            std::vector<domain::PendingVif> own;
            std::copy_if(pending.begin(), pending.end(), std::back_inserter(own),
                         [&](const domain::PendingVif& vif) { return vif.uuid == domain.uuid; });
            lists.push_back(
                {{"id", domain.id}, {"name", domain.name}, {"nics", nics}, {"pending", domain::describe(own)}});
        }
        return json_line({{"domains", lists}});
    };
    return run_while_connected(manager, call, manager.run("network-list", query_deadline, body, reply_to(call)));
}

Result<xen::NicInfo> find_nic(const std::vector<xen::NicInfo>& nics, const std::string& wanted,
                              const std::string& domain) {
    const auto number = parse_unsigned(wanted, UINT32_MAX);
    const auto mac = parse_mac(wanted);
    if (!number && !mac)
        return fail("'" + printable(wanted, 64) + "' is neither a vif's number nor a MAC address", EINVAL);
    const auto found = std::find_if(nics.begin(), nics.end(), [&](const xen::NicInfo& nic) {
        return number ? nic.devid == *number : nic.mac == format_mac(*mac);
    });
    if (found != nics.end()) return *found;
    std::vector<std::string> there;
    for (const xen::NicInfo& nic : nics) there.push_back(std::to_string(nic.devid) + " (" + nic.mac + ")");
    return fail("'" + domain + "' has no vif " + wanted + "; it has: " + (there.empty() ? "none" : join(there, ", ")),
                ENOENT);
}

Status detach(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    const std::string wanted = TRY(arguments.needed_text("vif"));
    for (const domain::PendingVif& vif : TRY(manager.journal().pending_vifs())) {
        if (vif.uuid != domain.uuid || std::to_string(vif.devid) != wanted) continue;
        TRY(manager.journal().forget_pending(vif));
        call->result(json_line({{"devid", vif.devid}}));
        return {};
    }
    const auto body = [domain, wanted](xen::Context& xen, const WorkerSide& side) -> Result<std::string> {
        const xen::NicInfo nic = TRY(find_nic(TRY(xen::list_nics(xen, domain.id)), wanted, domain.name));
        TRY(side.intent(std::to_string(nic.devid) + " " + nic.mac));
        TRY(xen::remove_nic(xen, domain.id, nic.devid));
        domain::forget_rules(domain.id, nic.devid);
        return json_line({{"devid", nic.devid}});
    };
    domain::Reply reply = reply_to(call);
    reply.done = [&manager, uuid = domain::policy_uuid(domain),
                  done = std::move(reply.done)](Result<std::string> result) {
        if (result) {
            const unsigned devid = json::parse(*result, nullptr, false).value("devid", 0U);
            manager.security().detached(uuid, domain::vif_device(devid));
        }
        done(std::move(result));
    };
    TRY(manager.run_on("network-detach", domain, attach_deadline, body, std::move(reply)));
    return {};
}

} // namespace

const std::vector<Verb>& network_verbs() {
    static const std::vector<Verb> verbs = {{"network-attach", false, attach},
                                            {"network-attach-dry-run", false, describe_attach},
                                            {"network-list", true, list_vifs},
                                            {"network-detach", false, detach}};
    return verbs;
}

} // namespace bulkhead::daemon
