#include "agent/uplink.hpp"

#include "base/log.hpp"

#include <cerrno>
#include <utility>

namespace bulkhead::agent {

Result<Uplink::State> Uplink::update() {
    const net::Link own = TRY(bridge());
    State state;
    if (settings_.nic == Settings::Nic::any) state.card = TRY(port(own));
    state.ready = settings_.nic == Settings::Nic::none || state.card.has_value();
    return state;
}

Result<net::Link> Uplink::bridge() {
    const std::string& name = settings_.bridge;
    auto link = TRY(netlink_.link(name));
    if (!link) {
        TRY(netlink_.create_bridge(name));
        link = TRY(netlink_.link(name));
        if (!link) return fail("bridge " + name + " is gone as soon as it was made", ENODEV);
        log::info("bridge " + name + " made");
        configured_ = link->index;
    }
    if (link->kind != "bridge") {
        return fail("cannot make bridge " + name +
                    ": a network link of that name exists and is not a bridge; "
                    "give another name with bulkhead.bridge= on the kernel command line");
    }
    if (configured_ != link->index) { // left by an earlier run of the agent
        TRY(netlink_.configure_bridge(link->index));
        configured_ = link->index;
    }
    if (!link->up) {
        net::LinkChange change;
        change.up = true;
        TRY(context(netlink_.change(link->index, change), "starting bridge " + name));
    }
    return *link;
}

// The card that is in the bridge already, else the first one that is free.
Result<std::optional<Card>> Uplink::port(const net::Link& bridge) {
    std::optional<std::pair<net::Link, CardInfo>> chosen;
    for (const net::Link& link : TRY(netlink_.links())) {
        if (!link.ethernet || link.loopback) continue;
        if (link.master != 0 && link.master != bridge.index) continue;
        const auto info = sysfs_.card(link.name);
        if (!info) continue;
        if (chosen && (chosen->first.master == bridge.index || link.master != bridge.index)) continue;
        chosen.emplace(link, *info);
    }
    if (!chosen) return std::nullopt;
    const auto& [link, info] = *chosen;
    if (link.master != bridge.index || !link.up) {
        net::LinkChange change;
        if (link.master != bridge.index) change.master = bridge.index;
        change.up = true;
        const Status done = netlink_.change(link.index, change);
        if (!done && done.error().code == ENODEV) return std::nullopt; // unplugged while we looked
        TRY(context(done, "putting network card " + link.name + " on bridge " + settings_.bridge));
        log::info("network card " + link.name + " (" + (info.pci.empty() ? info.driver : info.driver + " " + info.pci) +
                  ") is on bridge " + settings_.bridge);
    }
    return Card{link.name, info.driver, format_mac(link.mac), info.pci, link.carrier};
}

} // namespace bulkhead::agent
