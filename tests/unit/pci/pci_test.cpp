#include "base/file.hpp"
#include "pci/address.hpp"
#include "pci/sysfs.hpp"

#include <cerrno>
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace bulkhead;
using pci::parse_address;

TEST(Address, ReadsBothForms) {
    EXPECT_EQ(pci::address_text(*parse_address("00:02.0")), "0000:00:02.0");
    EXPECT_EQ(pci::address_text(*parse_address("abcd:FF:1f.7")), "abcd:ff:1f.7");
    EXPECT_EQ(pci::address_text(*parse_address("0:2.0")), "0000:00:02.0");
}

TEST(Address, RefusesEverythingElse) {
    for (const char* wrong :
         {"",          ".",        ":",        "00:02",         "02.0",     "00:02.8",       "00:20.0",
          "100:02.0",  "00:02.00", "00:02.0 ", " 00:02.0",      "00:02.-1", "10000:00:02.0", "0000:00:02:0",
          "0:0:0:0.0", "00.02:0",  "0x0:02.0", "00:02.0/../..", "00:*.0",   ":00:02.0"}) {
        EXPECT_FALSE(parse_address(wrong)) << wrong;
    }
}

TEST(Address, OfASpec) {
    EXPECT_EQ(pci::address_text(*pci::address_of_spec("00:02.0@5,permissive=1")), "0000:00:02.0");
    EXPECT_EQ(pci::address_text(*pci::address_of_spec("bdf=00:02.0, seize=1")), "0000:00:02.0");
    EXPECT_FALSE(pci::address_of_spec("00:02.*"));
    EXPECT_FALSE(pci::address_of_spec("name=nic"));
}

TEST(Ranges, OfAResourceFile) {
    // An e1000e: two BARs of memory, one of ports, one above 4 GiB, unused lines, and nonsense.
    const auto ranges = pci::parse_ranges("0x00000000feba0000 0x00000000febbffff 0x0000000000040200\n"
                                          "0x000000000000c080 0x000000000000c09f 0x0000000000040101\n"
                                          "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
                                          "0x0000380000000000 0x0000380000003fff 0x0000000000140204\n"
                                          "0x2 0x1 0x200\n0x1 0x2\n0x1 0xg 0x200\n-1 0x2 0x200\n");
    const std::vector<pci::Range> wanted = {
        {false, 0xfeba0000, 0x20000}, {true, 0xc080, 0x20}, {false, 0x380000000000, 0x4000}};
    EXPECT_EQ(ranges, wanted);
    EXPECT_TRUE(pci::parse_ranges("").empty());
}

namespace {

struct Sysfs : testing::Test {
    std::string root = testing::TempDir() + "bulkhead-pci." + std::to_string(::getpid());
    pci::Sysfs sysfs{root};

    void add(const std::string& address, const std::string& driver, const std::string& interface = "") const {
        const std::string folder = root + "/devices/" + address;
        ASSERT_TRUE(make_directories(folder));
        ASSERT_TRUE(write_file_atomic(folder + "/class", "0x020000\n"));
        if (!interface.empty()) {
            ASSERT_TRUE(make_directories(folder + "/net/" + interface));
        }
        if (driver.empty()) return;
        ASSERT_TRUE(make_directories(root + "/drivers/" + driver));
        std::filesystem::create_symlink("../../drivers/" + driver, folder + "/driver");
    }
    void TearDown() override { std::filesystem::remove_all(root); }
};

} // namespace

TEST_F(Sysfs, AssignableMeansHeldByPciback) {
    add("0000:00:02.0", "pciback");
    EXPECT_TRUE(pci::check_assignable(sysfs, *parse_address("00:02.0")));
    EXPECT_TRUE(sysfs.has_pciback());
}

TEST_F(Sysfs, SaysWhoHasTheDeviceAndWhatToDo) {
    add("0000:00:02.0", "e1000e", "eth0");
    const Status used = pci::check_assignable(sysfs, *parse_address("00:02.0"));
    ASSERT_FALSE(used);
    EXPECT_EQ(used.error().message,
              "PCI device 0000:00:02.0 is not assignable: it is in use by dom0's driver 'e1000e' (network "
              "interface eth0); run: bulkhead pci-assignable-add 0000:00:02.0");
    EXPECT_FALSE(sysfs.has_pciback());
    const Status none = pci::check_assignable(sysfs, *parse_address("00:03.0"));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ENOENT);
    EXPECT_EQ(none.error().message, "there is no PCI device 0000:00:03.0; network cards here: 0000:00:02.0");
}
