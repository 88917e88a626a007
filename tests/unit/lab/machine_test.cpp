#include "lab/machine.hpp"

#include <gtest/gtest.h>

namespace bulkhead::lab {
namespace {

TEST(Machine, VirtualisationFlag) {
    EXPECT_TRUE(has_virtualisation("processor\t: 0\nflags\t\t: fpu vmx sse\n"));
    EXPECT_TRUE(has_virtualisation("flags\t\t: fpu svm\n"));
    EXPECT_FALSE(has_virtualisation("flags\t\t: fpu sse vmxx\nvmx flags\t: tsc_offset\n"));
    EXPECT_FALSE(has_virtualisation(""));
}

TEST(Machine, AvailableMemory) {
    EXPECT_EQ(*available_memory("MemTotal:  100 kB\nMemAvailable:     4096 kB\n"), 4096U);
    EXPECT_FALSE(available_memory("MemTotal: 100 kB\n"));
    EXPECT_FALSE(available_memory("MemAvailable: x kB\n"));
}

TEST(Machine, DeviceList) {
    const char* const help = "name \"e1000e\", bus PCI, desc \"Intel\"\nname \"intel-iommu\", bus System\n";
    EXPECT_TRUE(knows_device(help, "e1000e"));
    EXPECT_TRUE(knows_device(help, "intel-iommu"));
    EXPECT_FALSE(knows_device(help, "e1000"));
}

// The probe that decides about KVM must itself work: under TCG it runs everywhere where QEMU is installed.
TEST(Machine, ProbeGuestRunsUnderTcg) {
    const auto machine = check_machine(LabOptions());
    ASSERT_TRUE(machine) << machine.error().message; // scripts/install-deps installs QEMU
    EXPECT_TRUE(probe_guest("tcg"));
    EXPECT_FALSE(probe_guest("no-such-accelerator"));
}

} // namespace
} // namespace bulkhead::lab
