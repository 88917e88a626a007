#include "hotplug/vif.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <cerrno>
#include <filesystem>
#include <unistd.h>

namespace bulkhead::hotplug {
namespace {

constexpr const char* script_folder = "/etc/xen/scripts";
constexpr unsigned mtu_min = 68, mtu_max = 65535; // ETH_MIN_MTU of Linux; netback's own limit is a little lower

// The link's name once it is served: vifname=, of a tap device with the suffix that libxl gives it (libxl_internal.h,
// TAP_DEVICE_SUFFIX).
Result<std::string> served_name(xen::Store& store, const VifCall& call) {
    const std::string name = TRY(store.read_if(call.path + "/vifname")).value_or("");
    if (name.empty()) return call.device;
    const std::string whole = call.tap ? name + "-emu" : name;
    if (!net::valid_link_name(whole))
        return fail("vifname: '" + printable(whole, 64) +
                    "' is not a name for a network link: use 1 to 15 characters, no '/', ':', '%' or space");
    return whole;
}

// The link of this vif, under its first name or under the one that it was given before.
Result<std::optional<net::Link>> find_link(net::Netlink& netlink, const VifCall& call, const std::string& name) {
    auto link = TRY(netlink.link(call.device));
    if (link || name == call.device) return link;
    link = TRY(netlink.link(name));
    if (link && link->alias != call.device) link.reset(); // somebody else's
    return link;
}

Result<net::Link> find_bridge(net::Netlink& netlink, const std::string& wanted) {
    std::vector<std::string> bridges;
    for (net::Link& link : TRY(netlink.links())) {
        if (link.kind != "bridge") continue;
        if (wanted.empty() || link.name == wanted) return std::move(link);
        bridges.push_back(link.name);
    }
    const auto same_name = wanted.empty() ? std::nullopt : TRY(netlink.link(wanted));
    if (!same_name && wanted.starts_with("xenbr")) { // of the time when a bridge had its network card's name
        auto old = TRY(netlink.link("eth" + wanted.substr(5)));
        if (old && old->kind == "bridge") return std::move(*old);
    }
    const std::string have = bridges.empty() ? "none" : join(bridges, ", ");
    if (wanted.empty()) return fail("there is no bridge in dom0, and bridge= names none");
    return fail("bridge '" + printable(wanted, 64) +
                (same_name ? "' is a network link but not a bridge" : "' does not exist") + "; there are: " + have);
}

// The MTU that the configuration asks for, else the bridge's.
Result<unsigned> wanted_mtu(xen::Store& store, const VifCall& call, const net::Link& bridge) {
    const std::string text = TRY(store.read_if(call.path + "/mtu")).value_or("");
    if (text.empty()) return bridge.mtu;
    const auto mtu = parse_unsigned(text, mtu_max);
    if (!mtu || *mtu < mtu_min)
        return fail("mtu '" + printable(text, 32) + "' is not a number from " + std::to_string(mtu_min) + " to " +
                    std::to_string(mtu_max));
    return static_cast<unsigned>(*mtu);
}

Status set_down(net::Netlink& netlink, const net::Link& link) {
    net::LinkChange change;
    change.up = false;
    return netlink.change(link.index, change);
}

Status tell(xen::Store& store, const VifCall& call, std::optional<unsigned> mtu) {
    const std::string frontend = TRY(store.read(call.path + "/frontend"));
    return store.transaction([&](xen::Transaction& now) -> Status {
        if (!TRY(now.exists(call.path + "/state"))) return fail("the vif is no longer wanted");
        // libxl made the node, for this domain to write and the guest to read.
        if (mtu) TRY(now.write(frontend + "/mtu", std::to_string(*mtu)));
        return now.write(call.path + "/hotplug-status", "connected");
    });
}

bool has_hooks(const std::string& folder) {
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (at->path().extension() == ".hook" && ::access(at->path().c_str(), X_OK) == 0) return true;
    }
    return false;
}

bool has_iptables(const std::string& root) {
    for (const char* folder : {"/usr/sbin", "/sbin", "/usr/bin", "/usr/local/sbin"}) {
        if (::access((root + folder + "/iptables").c_str(), X_OK) == 0) return true;
    }
    return false;
}

} // namespace

Status add_vif(net::Netlink& netlink, xen::Store& store, const VifCall& call) {
    const std::string name = TRY(served_name(store, call));
    const auto found = TRY(find_link(netlink, call, name));
    if (!found) return fail("there is no network link " + call.device);
    const net::Link& link = *found;
    if (link.name != name && TRY(netlink.link(name)))
        return fail("vifname: there is a network link '" + name + "' already; choose another name");
    const net::Link bridge = TRY(find_bridge(netlink, TRY(store.read_if(call.path + "/bridge")).value_or("")));
    const unsigned mtu = TRY(wanted_mtu(store, call, bridge));

    const std::string what = "cannot put " + call.device + " on bridge " + bridge.name;
    const bool right = link.name == name && link.mac == net::vif_mac && link.master == bridge.index && link.up;
    // A link that is up takes neither a name nor, of most drivers, an address; and what addresses it has go with it.
    if (!right && link.up) TRY(context(set_down(netlink, link), what));
    bool has_mtu = link.mtu == mtu;
    if (!has_mtu) {
        net::LinkChange change;
        change.mtu = mtu;
        const Status changed = netlink.change(link.index, change);
        has_mtu = changed.has_value();
        // As in Xen's script no reason to go without a network; but then the guest is not told of it either.
        if (!changed) log::warning(call.device + ": mtu " + std::to_string(mtu) + ": " + changed.error().message);
    }
    if (!right) {
        net::LinkChange change;
        change.mac = net::vif_mac;
        if (link.name != name) {
            change.name = name;
            change.alias = call.device; // by which it is found again
        }
        change.master = bridge.index;
        change.up = true;
        TRY(context(netlink.change(link.index, change), what));
    }
    if (call.tap) return {};
    return tell(store, call, has_mtu ? std::optional(mtu) : std::nullopt);
}

Status remove_vif(net::Netlink& netlink, xen::Store& store, const VifCall& call) {
    const auto name = served_name(store, call);
    const auto link = TRY(find_link(netlink, call, name ? *name : call.device));
    if (!link) return {};
    net::LinkChange change;
    change.master = 0;
    change.up = false;
    Status changed = netlink.change(link->index, change);
    if (!changed && changed.error().code == ENODEV) return {}; // it went meanwhile
    return changed;
}

Result<std::optional<std::string>> xens_script(xen::Store& store, const VifCall& call, const std::string& root) {
    const std::string script = root + script_folder + "/vif-bridge";
    if (has_hooks(root + script_folder + "/vif-post.d")) return script;
    if (!has_iptables(root)) return std::optional<std::string>();
    if (!TRY(store.read_if(call.path + "/ip")).value_or("").empty()) return script;
    const auto asked = read_file(root + "/proc/sys/net/bridge/bridge-nf-call-iptables", 16);
    if (asked && trim(*asked) != "0") return script;
    return std::optional<std::string>();
}

} // namespace bulkhead::hotplug
