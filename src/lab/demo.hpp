// `lab demo`: the story of a network driver domain on real Xen, told while it happens.
#pragma once

#include "base/result.hpp"
#include "lab/options.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::lab {

struct DemoOptions {
    LabOptions lab;
    bool keep = false; // leave the lab running when the story is over, or has failed
    std::function<void(double seconds, const std::string& text)> say; // live; may be empty
};

struct DemoReport {
    struct Stage {
        std::string name;
        double seconds = 0; // that it took
    };
    std::vector<Stage> stages;
    double total = 0; // seconds

    std::string accelerator, xen, linux_version;
    unsigned lab_memory = 0, dom0_memory = 0; // MiB

    std::string ndvm_id, nic, nic_driver, nic_mac, bridge, link;
    std::uint64_t ndvm_kernel_size = 0, ndvm_initramfs_size = 0; // bytes
    unsigned ndvm_memory = 0;                                    // MiB given to it
    std::uint64_t ndvm_total = 0, ndvm_available = 0;            // KiB, as its kernel sees it
    std::uint64_t ndvm_init_ms = 0, ndvm_ready_ms = 0;           // after its kernel's start

    std::string client_id, client_address, transfer; // the client's own words about the transfer
    std::string dom0_interface, dom0_driver, dom0_ping;

    std::string nic_owner;                 // the driver that has the NIC in dom0: "pciback"
    std::vector<std::string> dom0_drivers; // network drivers that have a PCI device in dom0: none
    bool proven = false;                   // the NIC is pciback's and dom0_drivers is empty
};

// An error leaves no lab behind unless `keep` is set; EINTR when interrupted.
Result<DemoReport> run_demo(const DemoOptions& options);

// Pure.
std::string demo_table(const DemoReport& report);
std::string demo_json(const DemoReport& report);
// The value of KEY in a console stamp of the client, "@@ 9.1 dhcp ok=1 ip=10.0.2.15": stamp_value(line, "ip").
std::string stamp_value(std::string_view line, std::string_view key);
// Whether a console line is the stamp EVENT.
bool is_stamp(std::string_view line, std::string_view event);

} // namespace bulkhead::lab
