#include "driverdomain/blocked_dma.hpp"

#include <gtest/gtest.h>

namespace bulkhead::driverdomain {
namespace {

const std::vector<pci::Address> nic = {{0, 0, 2, 0}};

TEST(BlockedDma, CountsTheDevicesLines) {
    // As Xen 4.17 prints them.
    EXPECT_EQ(blocked_dma("(XEN) [VT-D]DMAR:[DMA Read] Request device [0000:00:02.0] fault addr 133e19000\n"
                          "(XEN) [VT-D]DMAR: reason 02 - Present bit in context entry is clear\n"
                          "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:02.0] fault addr 131e35000\n"
                          "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:02.1] fault addr 131e35000\n",
                          nic),
              2U);
    EXPECT_EQ(blocked_dma("(XEN) AMD-Vi: IO_PAGE_FAULT: 0000:00:02.0 d1 addr 00000000fffff000 flags 0x20 RW\n", nic),
              1U);
}

TEST(BlockedDma, NothingOfOthers) {
    EXPECT_EQ(blocked_dma("", nic), 0U);
    EXPECT_EQ(blocked_dma("(XEN) Request device [0000:00:02.0]", {}), 0U);
    EXPECT_EQ(blocked_dma("(XEN) PCI add device 0000:00:02.0\n", nic), 0U);
}

} // namespace
} // namespace bulkhead::driverdomain
