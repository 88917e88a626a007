#include "agent/device_events.hpp"

#include <gtest/gtest.h>

namespace bulkhead::agent {
namespace {

using namespace std::string_literals;

TEST(DeviceEvents, ParsesWhatTheKernelSends) {
    const auto event = parse_device_event("add@/devices/pci-0/pci0000:00/0000:00:00.0\0ACTION=add\0"
                                          "DEVPATH=/devices/pci-0/pci0000:00/0000:00:00.0\0SUBSYSTEM=pci\0"
                                          "MODALIAS=pci:v00008086d000010D3\0SEQNUM=1\0"s);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->action, "add");
    EXPECT_EQ(event->subsystem, "pci");
    EXPECT_EQ(event->modalias, "pci:v00008086d000010D3");
    EXPECT_EQ(event->device_path, "/devices/pci-0/pci0000:00/0000:00:00.0");
}

TEST(DeviceEvents, RefusesAnythingElse) {
    for (const auto& bad : {""s, "libudev\0\xfe\xed"s, "add@/x\0"s, "@/x\0ACTION=add\0SUBSYSTEM=pci\0"s}) {
        EXPECT_FALSE(parse_device_event(bad));
    }
}

} // namespace
} // namespace bulkhead::agent
