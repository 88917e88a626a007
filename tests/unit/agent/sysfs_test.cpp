#include "agent/sysfs.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace bulkhead::agent {
namespace {

namespace fs = std::filesystem;

TEST(Sysfs, PciAddressOfAPath) {
    EXPECT_EQ(pci_address_in("/sys/devices/pci-0/pci0000:00/0000:00:00.0"), "0000:00:00.0");
    EXPECT_EQ(pci_address_in("/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.1/virtio0"), "0000:02:00.1");
    EXPECT_EQ(pci_address_in("/sys/devices/vif-0"), "");
    EXPECT_EQ(pci_address_in("0000:00:00.8"), "");
    EXPECT_EQ(pci_address_in("000g:00:00.0"), "");
}

class SysfsTest : public testing::Test {
protected:
    void SetUp() override {
        root = fs::temp_directory_path() / ("bulkhead-sysfs-" + std::to_string(::getpid()));
        fs::create_directories(root);
    }
    void TearDown() override { fs::remove_all(root); }
    void put(const fs::path& path, const std::string& text) {
        fs::create_directories((root / path).parent_path());
        std::ofstream(root / path) << text;
    }
    void link(const fs::path& path, const fs::path& target) {
        fs::create_directories((root / path).parent_path());
        fs::create_directories(root / target);
        fs::create_symlink(root / target, root / path);
    }
    fs::path root;
};

TEST_F(SysfsTest, DevicesAndCards) {
    put("devices/pci0000:00/0000:00:00.0/modalias", "pci:v00008086\n");
    put("devices/pci0000:00/0000:00:00.0/class", "0x020000\n");
    link("bus/pci/devices/0000:00:00.0", "devices/pci0000:00/0000:00:00.0");
    link("devices/pci0000:00/0000:00:00.0/subsystem", "bus/pci");
    put("devices/vif-3-0/modalias", "xen-backend:vif\n");
    link("devices/vif-3-0/subsystem", "bus/xen-backend");
    link("class/net/eth0/device", "devices/pci0000:00/0000:00:00.0");
    link("class/net/vif3.0/device", "devices/vif-3-0");
    fs::create_directories(root / "class/net/xenbr0");

    const Sysfs sysfs(root);
    auto devices = sysfs.devices();
    ASSERT_EQ(devices.size(), 1U);
    EXPECT_EQ(devices[0].modalias, "pci:v00008086");
    EXPECT_TRUE(devices[0].network);
    EXPECT_EQ(devices[0].driver, "");
    link("devices/pci0000:00/0000:00:00.0/driver", "bus/pci/drivers/e1000e");
    EXPECT_EQ(sysfs.devices()[0].driver, "e1000e");

    const auto card = sysfs.card("eth0");
    ASSERT_TRUE(card);
    EXPECT_EQ(card->driver, "e1000e");
    EXPECT_EQ(card->pci, "0000:00:00.0");
    EXPECT_FALSE(sysfs.card("vif3.0")) << "a back end is no card";
    EXPECT_FALSE(sysfs.card("xenbr0"));
    EXPECT_FALSE(sysfs.card("nothing"));
}

} // namespace
} // namespace bulkhead::agent
