// DomainSpec and its parts as libxl's structures. Private to src/xen.
#pragma once

#include "base/result.hpp"
#include "xen/domain_spec.hpp"
#include "xen/libxl.hpp"

#include <string>

namespace bulkhead::xen {

// libxl structures that are disposed of by themselves.
class Config {
public:
    Config() { libxl_domain_config_init(&config_); }
    ~Config() { libxl_domain_config_dispose(&config_); }
    Config(const Config&) = delete;
    Config& operator=(const Config&) = delete;
    libxl_domain_config& operator*() { return config_; }
    libxl_domain_config* operator->() { return &config_; }
    libxl_domain_config* get() { return &config_; }

private:
    libxl_domain_config config_{};
};

class Nic {
public:
    Nic() { libxl_device_nic_init(&nic_); }
    ~Nic() { libxl_device_nic_dispose(&nic_); }
    Nic(const Nic&) = delete;
    Nic& operator=(const Nic&) = delete;
    libxl_device_nic* operator->() { return &nic_; }
    libxl_device_nic* get() { return &nic_; }

private:
    libxl_device_nic nic_{};
};

class Disk {
public:
    Disk() { libxl_device_disk_init(&disk_); }
    ~Disk() { libxl_device_disk_dispose(&disk_); }
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;
    libxl_device_disk* operator->() { return &disk_; }
    libxl_device_disk* get() { return &disk_; }

private:
    libxl_device_disk disk_{};
};

class Pci {
public:
    Pci() { libxl_device_pci_init(&pci_); }
    ~Pci() { libxl_device_pci_dispose(&pci_); }
    Pci(const Pci&) = delete;
    Pci& operator=(const Pci&) = delete;
    libxl_device_pci* operator->() { return &pci_; }
    libxl_device_pci* get() { return &pci_; }

private:
    libxl_device_pci pci_{};
};

// `config` must be fresh. What it holds afterwards is what xl would build from the same file.
Status convert(libxl_ctx* ctx, const DomainSpec& spec, const HostDefaults& host, libxl_domain_config& config);
Status convert(const NicSpec& spec, libxl_device_nic& nic); // `nic` must be initialised
Status convert(const PciSpec& spec, libxl_device_pci& pci); // `pci` must be initialised
void convert(const DiskSpec& spec, libxl_device_disk& disk);
DiskSpec plain(const libxl_device_disk& disk); // the way back, but for `shared` // `disk` must be initialised

// For what is built, not for what is only shown: number 0 is the domain's own console. xl gives it to the first
// channel, whereupon libxl 4.17 leaves that out and says nothing but "Primary console has invalid configuration"
// (Juergen Gross, xen-devel, 2025-02-25, mended it in xl).
void number_channels(libxl_domain_config& config);

} // namespace bulkhead::xen
