// VifTable: serves the vifs of this driver domain. Level-triggered: whatever made a vif "dirty", its turn looks at what
// xenstore and the kernel say now and moves one towards the other, so that history does not matter: events may be lost,
// doubled or late, and an agent that was killed finds everything as it is.
#pragma once

#include "agent/backend_path.hpp"
#include "agent/fence.hpp"
#include "agent/vif_plan.hpp"
#include "base/loop.hpp"
#include "net/netlink.hpp"
#include "xen/store.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace bulkhead::agent {

class VifTable {
public:
    struct Timing {
        // A back end without network link for so long means that netback will not make one.
        std::chrono::milliseconds link_deadline{10'000};
        // The toolstack closes a back end that netback does not hold: after this we close it ourselves, or it would
        // wait for its own 10 s.
        std::chrono::milliseconds orphan_deadline{1'000};
        std::chrono::milliseconds retry{1'000}; // after an error that may pass, as a full quota of xenstore
    };

    // All references must outlive the table. `store` may be exchanged (reconnected) between calls.
    VifTable(xen::Store& store, net::Netlink& netlink, Loop& loop, std::string bridge, Timing timing);
    ~VifTable();
    VifTable(const VifTable&) = delete;
    VifTable& operator=(const VifTable&) = delete;

    // Finds every vif of xenstore and makes it dirty, and those that we know and that are gone.
    Status scan();
    void backend_changed(std::string_view path); // a watch event on "backend" or "bulkhead/fence"
    void link_changed(const net::Link& link);
    void all_changed();                       // link events were lost
    void set_uplink(const std::string& name); // the port that every vif may talk to; empty: none

    [[nodiscard]] bool has_work() const { return rescan_ || !dirty_.empty() || fence_.changed(); }
    // Serves at most `limit` dirty vifs. An error means that xenstore itself failed; the work is kept.
    Status work(std::size_t limit);

    [[nodiscard]] std::size_t connected() const; // how many are served

private:
    struct Vif {
        std::string kernel_name; // of its network link
        std::string vifname;     // wanted name, if any
        int link = 0;            // index while we hold it in a bridge
        bool connected = false;
        bool overdue = false;    // a deadline has passed
        unsigned timer = 0;      // running deadline or retry
        std::string rules;       // text of them, from dom0
        std::string rules_error; // why they cannot be enforced whatever the kernel can do; empty: they can
        std::string refusal;     // as in hotplug-error; empty: none
        std::string complaint;   // last thing said about it on the console
    };

    void mark(const VifId& id);
    Vif& entry(const VifId& id);
    Status read_rules(const VifId& id);
    void install_rules();
    Status serve(const VifId& id, Vif& vif);
    Status serve_live(const VifId& id, Vif& vif, BackendState state);
    Status serve_closing(const VifId& id, Vif& vif, BackendState state);
    Status remove(const VifId& id);
    void release(const VifId& id, Vif& vif);
    Status missing_link(const VifId& id, Vif& vif);
    Status apply(const VifId& id, Vif& vif, const net::Link& device, const VifPlan& plan);
    Result<std::string> diagnose_missing_link(const VifId& id, const Vif& vif);
    Status set_connected(const VifId& id, Vif& vif, unsigned mtu);
    Status refuse(const VifId& id, Vif& vif, const std::string& why);
    Result<std::optional<net::Link>> find_link(const Vif& vif);
    void start_timer(const VifId& id, Vif& vif, std::chrono::milliseconds delay, bool deadline);
    void stop_timer(Vif& vif);
    void complain(const VifId& id, Vif& vif, const std::string& text);

    xen::Store& store_;
    net::Netlink& netlink_;
    Loop& loop_;
    std::string bridge_;
    Timing timing_;
    std::map<VifId, Vif> vifs_;
    std::set<VifId> dirty_;
    std::set<VifId> unread_; // of the dirty ones: their rules were not read since
    bool rescan_ = false;
    net::Nftables nftables_;
    Fence fence_{[this](const net::nft::Batch& batch) { return nftables_.apply(batch); }};
    std::string fence_failure_; // of the last install; empty: none
    unsigned fence_timer_ = 0;
};

} // namespace bulkhead::agent
