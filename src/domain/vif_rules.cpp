#include "domain/vif_rules.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "domain/gate.hpp"
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

// Removes `path`, then its parent if that is empty now.
Status remove_with_parent(xen::Nodes& now, const std::string& path) {
    if (!TRY(now.exists(path))) return {};
    TRY(now.remove(path));
    const std::string parent = path.substr(0, path.rfind('/'));
    if (TRY(now.list(parent)).empty()) return now.remove(parent);
    return {};
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
    if (spec.types) rules.types = TRY(net::type_names({spec.types->begin(), spec.types->end()}));
    return net::print_port_rules(rules);
}

void carry_types(xen::NicSpec& spec, const Permit& permit, const Backend& backend, const Progress& progress) {
    const auto types = permit.vif_types.find(vif_device(*spec.devid));
    if (types == permit.vif_types.end()) return;
    if (backend.has_agent) {
        spec.types = types->second;
    } else {
        progress("warning: nothing in '" + backend.name +
                 "' keeps vifs apart by the policy; that takes a driver domain with bulkhead-agent");
    }
}

std::string rules_record(unsigned client, unsigned devid) {
    return "/libxl/" + std::to_string(client) + "/bulkhead-fence/" + std::to_string(devid);
}

std::string rules_node(unsigned server, unsigned client, unsigned devid) {
    return fence(server) + numbers(client, devid);
}

std::string rules_in_force(unsigned server, unsigned client, unsigned devid) {
    return home(server) + "/backend/vif/" + numbers(client, devid) + "/bulkhead-fence";
}

Status tell_rules(xen::Store& store, unsigned client, const xen::NicSpec& spec, const Backend& backend,
                  const Progress& progress) {
    if (!backend.has_agent) {
        if (spec.types) {
            return fail("nothing in '" + backend.name +
                            "' keeps vifs apart by their types: that takes a driver domain with bulkhead-agent",
                        EOPNOTSUPP);
        }
        if (backend.id != 0 && spec.antispoof.value_or(true))
            progress("warning: there is no bulkhead-agent in '" + backend.name + "' that would stop forged addresses");
        return store.remove(rules_record(client, *spec.devid)); // of an earlier vif
    }
    const std::string rules = TRY(rules_of(spec));
    return store.transaction([&](xen::Transaction& now) -> Status {
        for (const unsigned domain : {client, backend.id}) { // nothing is left of one that has gone
            if (!TRY(now.exists(home(domain)))) return fail("domain " + std::to_string(domain) + " has gone", ENOENT);
        }
        TRY(now.write(rules_record(client, *spec.devid), rules));
        return now.write(rules_node(backend.id, client, *spec.devid), rules);
    });
}

Status tell_again(xen::Nodes& now, unsigned server, unsigned client, unsigned devid) {
    const auto rules = TRY(now.read_if(rules_record(client, devid)));
    if (!rules) return {};
    return now.write(rules_node(server, client, devid), *rules);
}

void forget_rules(unsigned client, std::optional<unsigned> devid) {
    const auto forget = [&]() -> Status {
        xen::Store store = TRY(xen::Store::open());
        std::vector<std::string> paths;
        if (devid) paths.push_back(rules_record(client, *devid));
        for (const std::string& server : TRY(store.list("/local/domain"))) {
            const auto id = parse_unsigned(server, UINT32_MAX);
            if (!id) continue;
            const std::string node = rules_node(static_cast<unsigned>(*id), client, devid.value_or(0));
            paths.push_back(devid ? node : node.substr(0, node.rfind('/')));
        }
        for (const std::string& path : paths) {
            if (!TRY(store.exists(path))) continue;
            // Another vif's rules may come under the parent just now.
            TRY(store.transaction([&](xen::Transaction& now) { return remove_with_parent(now, path); }));
        }
        return {};
    };
    if (const Status forgotten = forget(); !forgotten)
        log::warning("rules of the vifs of domain " + std::to_string(client) +
                     " are not removed: " + forgotten.error().message);
}

Status add_rules(xen::Store& store, unsigned client, std::vector<xen::NicSpec>& nics) {
    for (xen::NicSpec& nic : nics) {
        const auto text = TRY(store.read_if(rules_record(client, nic.devid.value_or(0))));
        if (!text) continue; // nobody enforces any
        const auto rules = TRY(context(net::parse_port_rules(*text), rules_record(client, nic.devid.value_or(0))));
        if (!rules.mac) nic.antispoof = false;
        nic.types = rules.types;
    }
    return {};
}

} // namespace bulkhead::domain
