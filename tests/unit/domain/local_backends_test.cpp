#include "domain/local_backends.hpp"

#include "support/fake_xenstored.hpp"

#include <cerrno>
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

namespace bulkhead::domain {
namespace {

TEST(LocalBackends, AreNamedByTypeDomainAndDevice) {
    EXPECT_TRUE(serves("vif-3-0", 3));
    EXPECT_TRUE(serves("pci-12-0", 12));
    EXPECT_FALSE(serves("vif-13-0", 3));
    EXPECT_FALSE(serves("vif-3", 3));
    EXPECT_FALSE(serves("vif-1-3", 3));
    EXPECT_FALSE(serves("", 0));
}

TEST(LocalBackends, WaitsOnlyForThatDomain) {
    const std::filesystem::path bus = std::filesystem::temp_directory_path() / ("bus-" + std::to_string(::getpid()));
    std::filesystem::create_directories(bus / "vif-3-0");
    EXPECT_TRUE(await_no_local_backends(4, std::chrono::milliseconds(1), bus));
    const Status busy = await_no_local_backends(3, std::chrono::milliseconds(1), bus);
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().code, ETIMEDOUT);
    EXPECT_NE(busy.error().message.find("vif-3-0"), std::string::npos);
    std::filesystem::remove_all(bus);
    EXPECT_TRUE(await_no_local_backends(3, std::chrono::milliseconds(1), bus)); // no such bus: nothing is served
}

TEST(LocalBackends, OfADeadDomainAreRemovedAndNoOthers) {
    test::FakeXenstored xenstored;
    xen::Store store = xen::Store::adopt(xenstored.connect()).value();
    const std::string root = "/local/domain/0/backend";
    EXPECT_TRUE(remove_local_backends(store, 3)); // there are none at all
    for (const char* node : {"/pci/3/0/state", "/vif/3/0/state", "/vif/3/1/state", "/vif/30/0/state"})
        xenstored.write(root + node, "4");
    ASSERT_TRUE(remove_local_backends(store, 3));
    EXPECT_FALSE(*store.exists(root + "/pci")); // nobody else's is below it
    EXPECT_FALSE(*store.exists(root + "/vif/3"));
    EXPECT_TRUE(*store.exists(root + "/vif/30/0/state"));
}

} // namespace
} // namespace bulkhead::domain
