#include "driverdomain/client_vifs.hpp"

#include "driverdomain/fallback.hpp"
#include "unit/driverdomain/vif_tree.hpp"

#include <cerrno>

using namespace bulkhead;
using namespace bulkhead::driverdomain;

namespace {

struct ClientVifs : test::VifTree {
    std::vector<std::string> names() {
        std::vector<std::string> found;
        const auto vifs = client_vifs(store, server).value();
        for (const ClientVif& vif : vifs) found.push_back(vif.name());
        return found;
    }
};

using Names = std::vector<std::string>;

ClientVif with(std::vector<std::pair<std::string, std::string>> nodes) {
    ClientVif vif;
    vif.client = 7;
    vif.devid = 2;
    vif.nodes = std::move(nodes);
    return vif;
}

} // namespace

TEST_F(ClientVifs, NobodyIsServed) {
    EXPECT_EQ(names(), Names{}); // not even /libxl is there
    xenstored.write("/libxl/7/device", "");
    EXPECT_EQ(names(), Names{});
}

TEST_F(ClientVifs, AreWhatTheToolstackRemembers) {
    add(7, 0);
    const ClientVif found = vif(7, 0);
    EXPECT_EQ(found.name(), "vif7.0");
    EXPECT_EQ(found.server, server);
    EXPECT_EQ(found.record, "/libxl/7/device/vif/0");
    EXPECT_EQ(found.frontend, "/local/domain/7/device/vif/0");
    EXPECT_EQ(found.backend, "/local/domain/5/backend/vif/7/0");
    EXPECT_EQ(found.node("bridge"), "xenbr0");
    EXPECT_EQ(found.node("frontend-id"), "7");
    EXPECT_EQ(found.node("absent"), "");
    for (const char* state : {"state", "online", "hotplug-status", "hotplug-error", "frontend", "backend"}) {
        for (const auto& [key, value] : found.nodes) EXPECT_NE(key, state) << value;
    }
}

TEST_F(ClientVifs, InOrderOfNumbersNotOfText) {
    for (const unsigned client : {10U, 9U, 0U, 0x7fefU}) add(client, 0); // dom0 may be a client too
    add(9, 10);
    add(9, 2);
    add(9, 65535);
    EXPECT_EQ(names(), (Names{"vif0.0", "vif9.0", "vif9.2", "vif9.10", "vif9.65535", "vif10.0", "vif32751.0"}));
}

TEST_F(ClientVifs, OfOtherServersAreNotOurs) {
    add(7, 0, 6);
    add(7, 1);
    add(7, 2, 55);
    EXPECT_EQ(names(), Names{"vif7.1"});
}

TEST_F(ClientVifs, RecordsThatDoNotFitAreSkipped) {
    add(7, 0);
    add(8, 0);
    add(9, 0);
    xenstored.write(record(7, 0) + "/backend", backend(8, 0)); // somebody else's
    xenstored.write(record(8, 0) + "/frontend", frontend(9, 0));
    xenstored.remove(record(9, 0) + "/frontend");
    add(10, 65536);
    add(0x7ff0, 0); // DOMID_FIRST_RESERVED
    for (const char* odd : {"/libxl/x/device/vif/0", "/libxl/11/device/vif/-1", "/libxl/11/device/vif/0x1"}) {
        xenstored.write(std::string(odd) + "/backend", backend(11, 0));
    }
    EXPECT_EQ(names(), Names{});
}

TEST_F(ClientVifs, ANumberHasOneSpelling) {
    add(7, 1);
    xenstored.write("/libxl/07/device/vif/1", "");
    xenstored.write("/libxl/7/device/vif/001", "");
    EXPECT_EQ(names(), Names{"vif7.1"}); // once
}

TEST_F(ClientVifs, TheClientsAndTheServersOwnNodesAreNotBelieved) {
    xenstored.write(frontend(7, 0) + "/backend", backend(7, 0));
    xenstored.write(frontend(7, 0) + "/state", "4");
    xenstored.write(backend(7, 0) + "/frontend", frontend(7, 0));
    xenstored.write(backend(7, 0) + "/state", "4");
    EXPECT_EQ(names(), Names{});
    add(7, 0);
    xenstored.write(backend(7, 0) + "/mac", "00:16:3e:ff:ff:ff");
    xenstored.write(frontend(7, 0) + "/mac", "00:16:3e:ff:ff:fe");
    EXPECT_EQ(vif(7, 0).node("mac"), "00:16:3e:01:02:03");
}

TEST_F(ClientVifs, ALostConnectionIsAnErrorNotAnEmptyList) {
    add(7, 0);
    xenstored.fail_next(xen::wire::Type::directory, "EIO");
    EXPECT_EQ(client_vifs(store, server).error().code, EIO);
    xenstored.drop_connections();
    EXPECT_TRUE(xen::connection_failed(client_vifs(store, server).error()));
}

TEST(SpecOf, KeepsEverySetting) {
    const xen::NicSpec spec = spec_of(with({{"mac", "00:16:3e:01:02:03"},
                                            {"bridge", "xenbr1"},
                                            {"script", "/s"},
                                            {"ip", "10.0.0.1"},
                                            {"vifname", "web0"},
                                            {"gatewaydev", "eth3"},
                                            {"mtu", "9000"},
                                            {"rate", "200000,20000"}}),
                                      42);
    EXPECT_EQ(spec.devid, 2U);
    EXPECT_EQ(spec.backend, "42");
    EXPECT_EQ(spec.mac, "00:16:3e:01:02:03");
    EXPECT_EQ(spec.bridge, "xenbr1");
    EXPECT_EQ(spec.script, "/s");
    EXPECT_EQ(spec.ip, "10.0.0.1");
    EXPECT_EQ(spec.vifname, "web0");
    EXPECT_EQ(spec.gatewaydev, "eth3");
    EXPECT_EQ(spec.type, "vif");
    EXPECT_EQ(spec.mtu, 9000U);
    EXPECT_EQ(spec.rate, "10000000B/s@20000us");
}

TEST(SpecOf, WhatIsNotThereIsLeftToTheDefault) {
    const xen::NicSpec spec = spec_of(with({}), 5);
    EXPECT_EQ(spec.mac + spec.bridge + spec.script + spec.ip + spec.vifname + spec.gatewaydev + spec.rate, "");
    EXPECT_EQ(spec.mtu, 0U);
    EXPECT_EQ(spec_of(with({{"mtu", "65536"}}), 5).mtu, 0U);
}

TEST(SpecOf, TheRateComesBackAsItWas) {
    // xl: bytes per interval = bytes per second * interval / 1000000, rounded down.
    EXPECT_EQ(spec_of(with({{"rate", "1,3"}}), 5).rate, "333334B/s@3us");
    for (const char* wrong : {"", "1", "1,", ",1", "1,0", "1,2,3", "x,1", "18446744073709551615,50000", "1,4294967296"})
        EXPECT_EQ(spec_of(with({{"rate", wrong}}), 5).rate, "") << wrong;
}
