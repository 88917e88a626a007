#include "domain/dom0_fence.hpp"

#include "base/lock_file.hpp"
#include "base/text.hpp"
#include "net/fence.hpp"
#include "net/link.hpp"
#include "net/nftables.hpp"

#include <algorithm>
#include <cerrno>
#include <map>

namespace bulkhead::domain {
namespace {

const std::string folder = "/local/domain/0/bulkhead/fence";

Result<std::vector<std::string>> children(xen::Store& store, const std::string& path) {
    auto names = store.list(path);
    if (!names && names.error().code == ENOENT) return std::vector<std::string>(); // it went meanwhile
    return names;
}

Result<std::vector<net::FencePort>> ports_of(xen::Store& store) {
    std::vector<std::string> paths; // rules and links of each vif, one after the other
    for (const std::string& client : TRY(children(store, folder))) {
        const std::string vifs = folder + "/" + client;
        if (!TRY(store.exists("/local/domain/" + client))) {
            TRY(store.remove(vifs));
            continue;
        }
        for (const std::string& devid : TRY(children(store, vifs))) {
            paths.push_back(vifs + "/" + devid);
            paths.push_back(vifs + "/" + devid + "/links");
        }
    }
    const auto values = TRY(store.read_each(paths));
    std::vector<net::FencePort> ports;
    std::map<std::string, std::string, std::less<>> owners; // paths by links' names
    for (std::size_t i = 0; i < paths.size(); i += 2) {
        if (!values[i] || !values[i + 1]) continue; // it went meanwhile
        const auto rules = TRY(context(net::parse_port_rules(*values[i]), paths[i]));
        for (const std::string_view name : words(*values[i + 1])) {
            if (!net::valid_link_name(name)) return fail(paths[i + 1] + ": that is no name of a network link", EINVAL);
            const auto [owner, fresh] = owners.emplace(name, paths[i]);
            if (!fresh)
                return fail("there is a network link '" + std::string(name) + "' already: " + owner->second + " and " +
                                paths[i] +
                                " name it; choose another vifname=, or remove by xenstore-rm the node of a vif that "
                                "went without bulkhead",
                            EEXIST);
            static_cast<net::PortRules&>(ports.emplace_back()) = rules;
            ports.back().name = name;
        }
    }
    return ports;
}

} // namespace

std::string links_in_dom0(unsigned client, const xen::NicSpec& nic) {
    const std::string own = nic.vifname.empty()
                                ? "vif" + std::to_string(client) + "." + std::to_string(nic.devid.value_or(0))
                                : nic.vifname;
    const std::string emulated = own + "-emu"; // libxl_internal.h, TAP_DEVICE_SUFFIX
    return net::valid_link_name(emulated) ? own + " " + emulated : own;
}

Status install_dom0_fence(xen::Store& store, const ApplyRules& apply) {
    if (!TRY(store.exists(folder))) return {}; // never used: nf_tables need not even be loaded
    const std::vector<net::FencePort> ports = TRY(ports_of(store));
    if (std::any_of(ports.begin(), ports.end(), [](const net::FencePort& port) { return !port.none(); }))
        return apply(net::fence_rules(ports, net::Others::by_name));
    (void)apply(net::no_fence()); // a kernel without nf_tables has nothing to remove
    return {};
}

Status install_dom0_fence(xen::Store& store) {
    const LockFile lock = TRY(LockFile::take("/run/lock/bulkhead-fence", "dom0's rules are being changed"));
    net::Nftables kernel;
    return install_dom0_fence(store, [&kernel](const net::nft::Batch& batch) { return kernel.apply(batch); });
}

} // namespace bulkhead::domain
