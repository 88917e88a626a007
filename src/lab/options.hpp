// What a lab is made of, as the user chooses it.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead::lab {

enum class Accelerator { tcg, kvm };

struct LabOptions {
    std::string name = "default";
    std::string nic = "e1000e";  // see nic_models()
    unsigned memory = 3072;      // MiB for the whole machine
    unsigned dom0_memory = 1024; // MiB of it for dom0
    unsigned processors = 2;
    std::string xenstored = "c";    // see xenstored.hpp
    bool iommu = true;              // false: to see what happens without one
    bool nic_in_dom0 = false;       // true: dom0 keeps the NIC until pci-assignable-add takes it away
    std::vector<std::string> parts; // what dom0 has besides: see dom0_parts.hpp
    std::string hypervisor;         // a Xen of one's own (multiboot ELF or gzip); empty: Debian's
    std::string xsm_policy;         // a binary FLASK policy for a hypervisor with XSM, which enforces it; empty: none
    std::string xen_arguments;      // appended to Xen's command line
    std::string dom0_arguments;     // appended to dom0's
    std::vector<std::pair<std::string, std::string>> images; // NAME → folder with kernel and initramfs
};

// Names for --nic: e1000e, e1000, rtl8139, virtio.
const std::vector<std::string>& nic_models();
// The NIC's place on the emulated PCI bus and its address.
constexpr const char* nic_address = "0000:00:02.0";
constexpr const char* nic_mac = "52:54:00:12:34:56";
// Virtio-serial ports for `lab exec`: so many commands can run at a time.
constexpr unsigned exec_ports = 8;

// Each error says what is allowed.
Status check_options(const LabOptions& options);
// Letters, digits, '.', '_', '-'; not first '.' or '-'; at most 32: it becomes a folder name.
Status check_name(std::string_view name);

} // namespace bulkhead::lab
