// Fence: the rules of all vifs of this driver domain, as one table in its kernel (net/fence.hpp). There is a table as
// soon as one vif has rules; then what is no vif of ours and no uplink can send to nobody.
#pragma once

#include "agent/backend_path.hpp"
#include "net/fence.hpp"
#include "net/nftables.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace bulkhead::agent {

class Fence {
public:
    using Apply = std::function<Status(const net::nft::Batch&)>;
    explicit Fence(Apply apply) : apply_(std::move(apply)) {}

    // What a vif shall obey, from the next install() on. An error when another vif or the uplink has the port's name;
    // the vif then has no port here.
    Status set(const VifId& id, net::FencePort port);
    void forget(const VifId& id);
    void set_uplink(const std::string& name); // empty: none

    [[nodiscard]] bool changed() const { return changed_; } // since the last install()
    // Makes the kernel's table such; on an error the old one holds.
    Status install();
    // The vif's port, under this name, is safe on a bridge: its present rules are in force, or it needs none and there
    // are none.
    [[nodiscard]] bool covers(const VifId& id, const std::string& name) const;

private:
    [[nodiscard]] std::vector<net::FencePort> ports() const;

    Apply apply_;
    std::map<VifId, net::FencePort> wanted_;
    std::map<std::string, VifId, std::less<>> names_; // whose port it is
    std::string uplink_;
    bool changed_ = true;                  // an earlier agent may have left a table
    std::vector<net::FencePort> in_force_; // sorted by vif; the uplink is the first; empty: no table
};

} // namespace bulkhead::agent
