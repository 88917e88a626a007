// QEMU's command line for a lab. Pure.
#pragma once

#include "lab/options.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::lab {

constexpr const char* qemu_program = "qemu-system-x86_64";

// Files in the lab's folder, which is QEMU's working directory: short and free of characters that QEMU's option
// parser would take for its own, wherever the folder is.
namespace file {
constexpr const char* xen = "xen";
constexpr const char* kernel = "vmlinux";
constexpr const char* initramfs = "initramfs";
constexpr const char* xsm_policy = "xsm-policy";
constexpr const char* console_log = "console.log";
constexpr const char* console_socket = "console.sock";
constexpr const char* qmp_socket = "qmp.sock";
constexpr const char* guests_log = "guests.log";
constexpr const char* events_log = "events.log";
constexpr const char* qemu_log = "qemu.log";
constexpr const char* state = "state.json";
} // namespace file
std::string exec_socket(unsigned port); // "exec-3.sock"

std::vector<std::string> qemu_arguments(const LabOptions& options, Accelerator accelerator);

// QEMU splits -initrd at commas; a comma within is written twice.
std::string escape_commas(std::string_view text);

// The QEMU device name of a NIC model: "virtio" is "virtio-net-pci".
std::string nic_device(std::string_view model);

} // namespace bulkhead::lab
