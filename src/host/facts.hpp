// What `bulkhead host check` has seen. Plain values: collect.hpp fills them, check.hpp judges them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::host {

// From `xl info`.
struct XenInfo {
    std::string version;      // "4.17"
    std::string virt_caps;    // "pv hvm hvm_directio pv_directio ..."
    std::string command_line; // Xen's
};

// From what Xen printed; nullopt: its log does not reach back to that.
struct XenLog {
    std::optional<bool> iommu, interrupt_remapping;
    std::vector<std::string> ignored; // Xen's lines about boot options that it did not take
};

// From xl.conf(5), as bulkheadd reads it.
struct XlSettings {
    std::string bridge;      // vif.default.bridge; empty: not set
    std::string backend;     // vif.default.backend; empty: dom0
    std::string autoballoon; // "on", "off" or "auto"
};

enum class ModuleState { loaded, built_in, available, missing };
struct ModuleFact {
    std::string name;
    ModuleState state = ModuleState::missing;
};

struct StoreLimits {
    std::optional<unsigned> nodes, watches; // of one domain; nullopt: this xenstored does not tell
};

struct HiddenFact {
    std::string address;
    bool exists = false;
    std::string driver; // bound now; empty: none
};

struct NicFact {
    std::string address, driver;
    std::vector<std::string> interfaces; // of dom0
    std::string reset;                   // methods that the kernel knows, "flr bus"; empty: none
    std::vector<std::string> together;   // addresses of the device's other functions
    std::vector<std::string> peers;      // devices that it reaches past the IOMMU; only root can see it
};

struct FreeSpace {
    std::string path;
    std::uint64_t bytes = 0;
};

struct Facts {
    bool root = false;                  // the check ran as root
    bool under_xen = false;             // /sys/hypervisor/type
    std::string version;                // of the running Xen, "4.17"
    std::optional<bool> control_domain; // nullopt: /proc/xen is not mounted
    std::vector<std::string> installed; // /boot/xen-*.gz, /boot/xen*.efi
    std::vector<std::string> utilities; // versions of /usr/lib/xen-*, "4.17"
    std::optional<XenInfo> info;
    std::string info_error;
    std::optional<XenLog> log;
    bool firmware_iommu = false;       // an ACPI table DMAR or IVRS, also after Xen hid it as XMAR
    std::vector<std::string> programs; // of xenstored, oxenstored, xenconsoled: those that run
    std::string store_error;           // why xenstored does not answer; empty: it does
    std::optional<StoreLimits> limits;
    bool xendomains = false;            // is started at boot
    bool own_domains_unit = false;      // bulkhead-domains.service is, which keeps xendomains from it
    std::vector<std::string> automatic; // names in /etc/xen/auto
    std::string saved_to;     // XENDOMAINS_SAVE of /etc/default/xendomains; empty: none, or of its own guests only
    std::string daemon_error; // why bulkheadd does not answer; empty: it does
    std::optional<XlSettings> xl;
    std::string xl_error;
    std::vector<std::string> bridges;
    std::vector<std::string> hotplug; // of /usr/lib/bulkhead: the programs that connect dom0's disks and vifs
    bool bridge_rules = false;        // bridged frames pass iptables (br_netfilter)
    std::vector<ModuleFact> modules;
    bool udev = false; // runs, and loads the module of a device that comes
    std::string kernel_command_line;
    std::vector<HiddenFact> hidden; // what the command line's xen-pciback.hide names
    std::vector<FreeSpace> space;
    std::vector<NicFact> nics;
};

} // namespace bulkhead::host
