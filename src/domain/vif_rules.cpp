#include "domain/vif_rules.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "domain/dom0_fence.hpp"
#include "domain/gate.hpp"
#include "domain/vif_script.hpp"
#include "net/port_rules.hpp"

#include <cerrno>

namespace bulkhead::domain {
namespace {

std::string numbers(unsigned client, unsigned devid) {
    return std::to_string(client) + "/" + std::to_string(devid);
}

std::string home(unsigned domain) {
    return "/local/domain/" + std::to_string(domain);
}

std::string fence(unsigned server) {
    return home(server) + "/bulkhead/fence/";
}

using Types = std::optional<std::vector<std::string>>;

enum class Keeper { agent, dom0, nobody }; // who can see to it that a vif obeys its rules

Keeper keeper_of(const xen::NicSpec& spec, const Backend& backend) {
    if (backend.has_agent) return Keeper::agent;
    return backend.id == 0 && goes_on_bridge(spec) ? Keeper::dom0 : Keeper::nobody;
}

std::string nobody_keeps_apart(const xen::NicSpec& spec, const Backend& backend) {
    if (backend.id == 0)
        return "nothing keeps the vif apart by its types where " + spec.script +
               " puts it: that takes a bridge of dom0 or a driver domain with bulkhead-agent";
    return "nothing in '" + backend.name +
           "' keeps vifs apart by their types: that takes a driver domain with bulkhead-agent";
}

Result<Types> sorted(const Types& types) {
    if (!types) return Types();
    return Types(TRY(net::type_names({types->begin(), types->end()})));
}

Result<Types> types_of_configuration(xen::Nodes& nodes, unsigned client, unsigned devid) {
    const std::string path = configured_types(client, devid);
    const auto text = TRY(nodes.read_if(path));
    if (!text) return Types();
    return TRY(context(net::parse_port_rules(*text), path)).types;
}

// Removes `path`, then its parent if that is empty now.
Status remove_with_parent(xen::Nodes& now, const std::string& path) {
    if (!TRY(now.exists(path))) return {};
    TRY(now.remove(path));
    const std::string parent = path.substr(0, path.rfind('/'));
    if (TRY(now.list(parent)).empty()) return now.remove(parent);
    return {};
}

Status remove_rules(xen::Store& store, unsigned client, std::optional<unsigned> devid) {
    std::vector<std::string> paths;
    if (devid) paths.push_back(rules_record(client, *devid));
    for (const std::string& server : TRY(store.list("/local/domain"))) {
        const auto id = parse_unsigned(server, UINT32_MAX);
        if (!id) continue;
        const std::string node = rules_node(static_cast<unsigned>(*id), client, devid.value_or(0));
        paths.push_back(devid ? node : node.substr(0, node.rfind('/')));
    }
    bool of_dom0 = false;
    for (const std::string& path : paths) {
        if (!TRY(store.exists(path))) continue;
        of_dom0 = of_dom0 || path.starts_with(fence(0));
        // Another vif's rules may come under the parent just now.
        TRY(store.transaction([&](xen::Transaction& now) { return remove_with_parent(now, path); }));
    }
    return of_dom0 ? install_dom0_fence(store) : Status();
}

} // namespace

Result<std::string> rules_of(const xen::NicSpec& spec) {
    net::PortRules rules;
    if (spec.antispoof.value_or(true)) {
        rules.mac = TRY(parse_mac(spec.mac));
        for (const std::string_view address : words(spec.ip)) {
            if (const Status added = net::add_address(rules, address); !added) {
                return fail("ip: " + added.error().message +
                            ", which anti-spoofing needs; antispoof=0 leaves the vif without it");
            }
        }
    }
    rules.types = TRY(sorted(spec.policy_types ? spec.policy_types : spec.types));
    return net::print_port_rules(rules);
}

void carry_types(xen::NicSpec& spec, const Permit& permit, const Backend& backend, const Progress& progress) {
    const auto types = permit.vif_types.find(vif_device(*spec.devid));
    if (types == permit.vif_types.end()) return;
    if (keeper_of(spec, backend) == Keeper::nobody)
        progress("warning: " + nobody_keeps_apart(spec, backend));
    else
        spec.policy_types = types->second;
}

std::string rules_record(unsigned client, unsigned devid) {
    return "/libxl/" + std::to_string(client) + "/bulkhead-fence/" + std::to_string(devid);
}

std::string configured_types(unsigned client, unsigned devid) {
    return rules_record(client, devid) + "/configured";
}

std::string rules_node(unsigned server, unsigned client, unsigned devid) {
    return fence(server) + numbers(client, devid);
}

std::string rules_in_force(unsigned server, unsigned client, unsigned devid) {
    return home(server) + "/backend/vif/" + numbers(client, devid) + "/bulkhead-fence";
}

Status tell_rules(xen::Store& store, unsigned client, const xen::NicSpec& spec, const Backend& backend,
                  const Progress& progress) {
    const Keeper keeper = keeper_of(spec, backend);
    if (keeper == Keeper::nobody) {
        if (spec.types) return fail(nobody_keeps_apart(spec, backend), EOPNOTSUPP);
        if (backend.id != 0 && spec.antispoof.value_or(true))
            progress("warning: there is no bulkhead-agent in '" + backend.name + "' that would stop forged addresses");
        return store.remove(rules_record(client, *spec.devid)); // of an earlier vif
    }
    Result<std::string> kept = rules_of(spec);
    if (!kept && keeper == Keeper::dom0 && !spec.ip.empty()) { // vif-bridge gives ip= to iptables, which takes more
        progress("warning: " + kept.error().message);
        xen::NicSpec by_mac = spec;
        by_mac.ip.clear();
        kept = rules_of(by_mac);
    }
    const std::string rules = TRY(std::move(kept));
    net::PortRules configured;
    configured.types = TRY(sorted(spec.types));
    const std::string node = rules_node(backend.id, client, *spec.devid);
    TRY(store.transaction([&](xen::Transaction& now) -> Status {
        for (const unsigned domain : {client, backend.id}) { // nothing is left of one that has gone
            if (!TRY(now.exists(home(domain)))) return fail("domain " + std::to_string(domain) + " has gone", ENOENT);
        }
        TRY(now.remove(rules_record(client, *spec.devid))); // of an earlier vif
        TRY(now.write(rules_record(client, *spec.devid), rules));
        if (configured.types) {
            TRY(now.write(configured_types(client, *spec.devid), TRY(net::print_port_rules(configured))));
        }
        if (keeper == Keeper::dom0) TRY(now.write(node + "/links", links_in_dom0(client, spec)));
        return now.write(node, rules);
    }));
    if (keeper == Keeper::agent) return {};
    Status installed = install_dom0_fence(store);
    if (installed) return {};
    TRY(remove_rules(store, client, spec.devid));
    if (spec.types || spec.policy_types || installed.error().code == EEXIST) return installed;
    progress("warning: nothing stops forged addresses from this vif: " + installed.error().message);
    return {};
}

Result<bool> change_types(xen::Store& store, unsigned server, unsigned client, unsigned devid,
                          const std::optional<std::vector<std::string>>& by_policy) {
    const std::string record = rules_record(client, devid);
    bool changed = false;
    TRY(store.transaction([&](xen::Transaction& now) -> Status {
        changed = false;
        const auto text = TRY(now.read_if(record));
        if (!text) return {}; // nobody enforces any
        net::PortRules rules = TRY(context(net::parse_port_rules(*text), record));
        rules.types = by_policy ? TRY(sorted(by_policy)) : TRY(types_of_configuration(now, client, devid));
        const std::string next = TRY(net::print_port_rules(rules));
        if (next == *text) return {};
        changed = true;
        TRY(now.write(record, next));
        if (!TRY(now.exists(home(server)))) return {}; // it is told when it returns
        return now.write(rules_node(server, client, devid), next);
    }));
    return changed;
}

Status await_rules(xen::Store& store, unsigned server, unsigned client, unsigned devid,
                   std::chrono::steady_clock::time_point end) {
    const std::string in_force = rules_in_force(server, client, devid);
    const std::string backend = in_force.substr(0, in_force.rfind('/'));
    TRY(store.watch(backend, "rules"));
    Status status;
    for (;;) {
        const auto rules = TRY(store.read_each({rules_record(client, devid), in_force}));
        if (rules[0].value_or("") == rules[1].value_or("") || !TRY(store.exists(backend))) break;
        if (TRY(store.wait_event(end))) continue;
        status =
            fail("the agent in domain " + std::to_string(server) + " does not say that they are in force", ETIMEDOUT);
        break;
    }
    (void)store.unwatch(backend, "rules");
    return status;
}

Status tell_again(xen::Nodes& now, unsigned server, unsigned client, unsigned devid) {
    const auto rules = TRY(now.read_if(rules_record(client, devid)));
    if (!rules) return {};
    return now.write(rules_node(server, client, devid), *rules);
}

void forget_rules(unsigned client, std::optional<unsigned> devid) {
    auto store = xen::Store::open();
    const Status forgotten = store ? remove_rules(*store, client, devid) : tl::unexpected(store.error());
    if (!forgotten)
        log::warning("rules of the vifs of domain " + std::to_string(client) +
                     " are not removed: " + forgotten.error().message);
}

Status add_rules(xen::Store& store, unsigned client, std::vector<xen::NicSpec>& nics) {
    for (xen::NicSpec& nic : nics) {
        const auto text = TRY(store.read_if(rules_record(client, nic.devid.value_or(0))));
        if (!text) continue; // nobody enforces any
        const auto rules = TRY(context(net::parse_port_rules(*text), rules_record(client, nic.devid.value_or(0))));
        if (!rules.mac) nic.antispoof = false;
        nic.types = TRY(types_of_configuration(store, client, nic.devid.value_or(0)));
    }
    return {};
}

} // namespace bulkhead::domain
