// Agent: one poll loop that keeps the driver domain in the state that xenstore asks for. It never gives up: what fails
// is said on the console and in data/bulkhead/state and tried again, and what works goes on working.
#pragma once

#include "agent/device_events.hpp"
#include "agent/publisher.hpp"
#include "agent/settings.hpp"
#include "agent/sysfs.hpp"
#include "agent/uplink.hpp"
#include "agent/vif_table.hpp"
#include "base/loop.hpp"
#include "base/modules.hpp"
#include "net/link_events.hpp"
#include "net/netlink.hpp"
#include "xen/store.hpp"

#include <memory>
#include <optional>
#include <string>

namespace bulkhead::agent {

struct Options {
    Settings settings;
    std::string sysfs = "/sys";
    std::string modules; // folder with the module index (base/modules.hpp); empty: somebody else loads drivers (udev)
    VifTable::Timing timing;
};

class Agent {
public:
    // Connects to xenstore and netlink, which it cannot work without.
    static Result<std::unique_ptr<Agent>> create(Options options);
    ~Agent();
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;

    // Serves until SIGTERM or SIGINT then says "stopping" and returns.
    Status run();

private:
    Agent(Options options, xen::Store store, net::Netlink netlink, net::LinkEvents links);

    Status start();
    Status watch_signals();
    void load_modules();
    void load_driver(const std::string& device, const std::string& modalias);
    void load_drivers();

    void take_link_events();
    void take_device_events();
    void update_uplink();
    void publish_state();
    void explain_missing_card();
    bool work();
    void look_at_pci();
    void publish_if_forgotten();
    void beat();
    void measure();

    Status connect_store();
    void publish(const Status& status);
    void failed(const Error& error);
    void retry();
    void complain(const std::string& text);

    Options options_;
    Loop loop_;
    xen::Store store_;
    net::Netlink netlink_;
    net::LinkEvents links_;
    Sysfs sysfs_;
    Uplink uplink_;
    VifTable vifs_;
    Publisher publisher_;
    std::optional<DeviceEvents> devices_;
    std::optional<ModuleLoader> modules_;
    Fd signals_;
    bool stop_ = false;

    Uplink::State uplink_state_;
    bool was_ready_ = false;
    bool uplink_retry_ = false;
    std::string state_;          // as published
    std::string failure_;        // of the uplink; empty: none
    std::string module_failure_; // of a module that every image of this kind needs
    std::string driver_failure_; // of a card's driver
    std::string pci_failure_;    // of the way that a card comes by
    std::string complaint_;      // last thing said on the console

    int store_fd_ = -1;        // what the loop watches
    bool store_ready_ = false; // connected and watched
    bool work_paused_ = false; // until the retry
    bool retry_pending_ = false;
    bool publish_again_ = false;
};

} // namespace bulkhead::agent
