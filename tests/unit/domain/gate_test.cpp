// Gate: what of the host a configuration asks for beside disks, vifs and PCI devices.
#include "manager_fixture.hpp"

#include "domain/gate.hpp"

#include <gmock/gmock.h>

using namespace bulkhead;
using namespace bulkhead::domain;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

struct GateTest : ManagerTest {
    xen::DomainSpec spec;
    LabelledSet labelled;

    void option(const std::string& key, const std::vector<std::string>& items) {
        xen::ConfigValue list{true, "", {}, 0};
        for (const std::string& item : items) list.items.push_back({false, item, {}, 0});
        spec.options.push_back({key, list});
    }
    // The resources that the daemon is asked about.
    std::vector<std::string> asked() {
        std::vector<std::string> resources;
        const Gate gate(labelled, "create", [&](const Question& question) -> Result<Permit> {
            for (const DeviceUse& use : question.devices)
                resources.insert(resources.end(), use.resources.begin(), use.resources.end());
            return Permit();
        });
        const auto context = xen::Context::open().value();
        const auto permit = gate.start(*context, spec, {});
        EXPECT_TRUE(permit) << permit.error().message;
        return resources;
    }
};

} // namespace

TEST_F(GateTest, AsksAboutWhatOptionsGiveOfTheHost) {
    option("usbdev", {"hostbus=3,hostaddr=4,controller=0"});
    option("ioports", {"3e8-3ef", "2f8"});
    option("irqs", {"5"});
    option("p9", {"tag=share,path=/srv,security_model=none"});
    option("vfb", {"vnc=1"}); // nothing of the host's
    EXPECT_THAT(asked(), ElementsAre("name:usb 3.4", "name:ioports 3e8-3ef", "name:ioports 2f8", "name:irqs 5",
                                     "name:p9 tag=share,path=/srv,security_model=none"));
}

TEST_F(GateTest, AUsbDeviceWithoutANameIsRefused) {
    option("usbdev", {"hostbus=3"});
    const Gate gate(labelled, "create", [](const Question&) -> Result<Permit> { return Permit(); });
    const auto context = xen::Context::open().value();
    EXPECT_THAT(gate.start(*context, spec, {}).error().message, HasSubstr("as lsusb prints them"));
}

// Otherwise the label of one would be the other's.
TEST_F(GateTest, LongTextsThatBeginAlikeAreTwoResources) {
    const std::string path = "path=/" + std::string(2000, 'a');
    option("p9", {path + "1", path + "2", "path=/\x01", "path=/\\x01"});
    const auto names = asked();
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 4U);
    EXPECT_THAT(names.at(0), HasSubstr("name:p9 sha256:"));
    EXPECT_EQ(names.at(3), "name:p9 path=/\\x01");
}
