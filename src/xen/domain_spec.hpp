// What a domain shall be, in plain types: made by config/ from an xl.cfg file, turned into libxl's structure by
// spec_convert.cpp. Numbers keep the units of xl.cfg(5).
#pragma once

#include "xen/xlcfg.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::xen {

// Debian 12's XENFIRMWAREDIR (xen-utils-4.17), where firmware="pvgrub64" is looked for, as by its xl.
constexpr const char* firmware_directory = "/usr/lib/xen-4.17/boot";

enum class DomainType { pv, pvh, hvm };

// xl.cfg(5): on_poweroff and its sisters.
enum class OnShutdown {
    destroy,
    restart,
    rename_restart,
    preserve,
    coredump_destroy,
    coredump_restart,
    soft_reset,
};

// A label of the mandatory policy, as a configuration gives it. libxl never sees it.
struct LabelSpec {
    std::string policy, label;
    std::string version; // of the policy; may be empty
    bool operator==(const LabelSpec&) const = default;
};

// One vif, as xl-network-configuration(5). An empty string or nullopt leaves libxl's default.
struct NicSpec {
    std::optional<unsigned> devid;
    std::string mac; // "00:16:3e:01:02:03"; empty: a random one of Xen's range
    std::string bridge;
    std::string backend; // the driver domain's name, id or UUID; empty: dom0
    std::string script;
    std::string ip;
    std::string vifname;
    std::string gatewaydev;
    std::string model;
    std::string type; // "vif" or "ioemu"
    std::string rate; // "10MB/s@20ms"
    unsigned mtu = 0; // 0: the default of 1500
    std::optional<bool> trusted;
    std::vector<std::pair<std::string, std::string>> colo; // words of nic_colo.hpp
    LabelSpec label;                                       // ours: a resource label; empty: none
    // Ours, and not libxl's. What may pass on its bridge: only its own MAC address and, if it has any, those of `ip`
    // (the default); to vifs that have one of these types in common with it, and to the uplink.
    std::optional<bool> antispoof;
    std::optional<std::vector<std::string>> types; // nullopt: no policy
    // What the mandatory policy says instead, while one is in force. No configuration has it.
    std::optional<std::vector<std::string>> policy_types;
};

// xl-disk-configuration(5), its parameters by its names. nullopt and `automatic` leave libxl's choice.
enum class DiskBackend { automatic, phy, tap, qdisk, standalone };
enum class DiskFormat { raw, qcow, qcow2, vhd, empty, qed };
enum class DiskProtocol { automatic, xen, virtio };

// The parameters of COLO, which Xen calls unstable; handed through.
struct DiskColo {
    std::optional<bool> enable;
    std::optional<std::string> host, export_name, active_disk, hidden_disk;
    int port = 0;
};

struct DiskSpec {
    std::string vdev;                   // "xvda", "hdc", "51712"
    std::optional<std::string> target;  // a path, or what `script` understands; an empty drive has none or ""
    std::optional<std::string> script;  // "block-iscsi"
    std::optional<std::string> backend; // the driver domain's name, id or UUID; none: dom0
    DiskBackend backendtype = DiskBackend::automatic;
    DiskFormat format = DiskFormat::raw; // `empty`: a drive without a medium
    DiskProtocol specification = DiskProtocol::automatic;
    bool readwrite = true;
    bool shared = false; // xm's modes w! and r!: whoever wrote the file knows that others use the target too
    bool removable = false;
    bool cdrom = false;
    bool direct_io_safe = false;
    std::optional<bool> discard, trusted;
    DiskColo colo;
};

// One PCI device: xl-pci-configuration(5) text and what applies where it says nothing.
struct PciSpec {
    std::string text;
    bool msitranslate = false;
    bool power_mgmt = false;
    bool permissive = false;
    bool seize = false;
};

// A key that Bulkhead hands through to libxl and does not use itself; spec_options.cpp knows them all.
struct OptionSpec {
    std::string key;
    ConfigValue value;
};

struct DomainSpec {
    std::string name;
    std::optional<std::string> uuid; // 36 lower-case characters
    DomainType type = DomainType::pv;
    std::string kernel, ramdisk;
    std::optional<std::string> cmdline;
    std::optional<long> memory, maxmem; // MiB
    std::optional<long> vcpus, maxvcpus;
    OnShutdown on_poweroff = OnShutdown::destroy;
    OnShutdown on_reboot = OnShutdown::restart;
    OnShutdown on_watchdog = OnShutdown::destroy;
    OnShutdown on_crash = OnShutdown::destroy;
    OnShutdown on_soft_reset = OnShutdown::soft_reset;
    std::optional<bool> driver_domain;
    std::vector<NicSpec> nics;
    std::vector<PciSpec> pcis;
    std::vector<DiskSpec> disks;
    std::vector<OptionSpec> options;

    // Ours; xl ignores these keys.
    std::string supervise;                 // "reincarnate", "restart", "none" or empty
    std::optional<long> heartbeat_timeout; // seconds
    std::optional<bool> spare;             // keep a saved spare of this driver domain
    std::optional<LabelSpec> label;        // access_control=, as xm had it
};

// The host's settings of xl.conf(5) that shape a domain.
struct HostDefaults {
    std::optional<long> max_grant_frames, max_maptrack_frames, max_grant_version;
    long claim_mode = 1;
    bool run_hotplug_scripts = true;
    std::string blkdev_start;
    bool random_domid = false;
    // vm.cpumask, vm.pv.cpumask, vm.hvm.cpumask (of PVH, too): processors that guests may run on at all, as in cpus=;
    // empty: all.
    std::string cpu_mask, pv_cpu_mask, hvm_cpu_mask;
};

} // namespace bulkhead::xen
