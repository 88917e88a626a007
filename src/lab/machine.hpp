// Is this machine able to run a lab: QEMU and its devices, memory, KVM.
#pragma once

#include "base/result.hpp"
#include "lab/options.hpp"

#include <string>
#include <string_view>

namespace bulkhead::lab {

// QEMU is there and knows the devices that the lab needs; enough memory is free. Each error says what to do.
Status check_machine(const LabOptions& options);

// KVM where the CPU says vmx or svm, /dev/kvm opens and a probe guest really runs; TCG everywhere else. A /dev/kvm
// alone proves nothing: nested virtualisation may offer one that cannot run guests.
Accelerator choose_accelerator();

// Runs a guest of a few instructions under `accelerator` ("kvm" or "tcg"), which ends QEMU through isa-debug-exit.
bool probe_guest(const std::string& accelerator);

// Pure: what /proc/cpuinfo, /proc/meminfo and `qemu -device help` say.
bool has_virtualisation(std::string_view cpuinfo);
Result<std::uint64_t> available_memory(std::string_view meminfo); // KiB
bool knows_device(std::string_view device_help, std::string_view device);

} // namespace bulkhead::lab
