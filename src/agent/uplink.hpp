// Uplink: the driver domain's own bridge and the network card that is its port. Level-triggered as the vif table: every
// call looks at what is there and completes it, so a card may come late, go and come back.
#pragma once

#include "agent/settings.hpp"
#include "agent/sysfs.hpp"
#include "net/netlink.hpp"

#include <optional>
#include <string>

namespace bulkhead::agent {

struct Card {
    std::string name; // of the network link
    std::string driver;
    std::string mac;
    std::string pci; // empty: not a PCI device
    bool carrier = false;
    bool operator==(const Card&) const = default;
};

class Uplink {
public:
    Uplink(net::Netlink& netlink, const Sysfs& sysfs, const Settings& settings)
        : netlink_(netlink), sysfs_(sysfs), settings_(settings) {}

    struct State {
        bool ready = false;       // the bridge is up and, unless none is wanted, has its card
        std::optional<Card> card; // the port of the bridge
        bool operator==(const State&) const = default;
    };
    // Makes the bridge if it is missing and puts a card into it. An error says what the kernel refused.
    Result<State> update();

private:
    Result<net::Link> bridge();
    Result<std::optional<Card>> port(const net::Link& bridge);

    net::Netlink& netlink_;
    const Sysfs& sysfs_;
    const Settings& settings_;
    int configured_ = 0; // index of the bridge that has our settings
};

} // namespace bulkhead::agent
