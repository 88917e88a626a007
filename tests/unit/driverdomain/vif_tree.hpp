// Vifs in a fake xenstore, as libxl and a client leave them.
#pragma once

#include "driverdomain/client_vifs.hpp"
#include "support/fake_xenstored.hpp"
#include "xen/store.hpp"

#include <gtest/gtest.h>
#include <string>

namespace bulkhead::test {

struct VifTree : testing::Test {
    static constexpr unsigned server = 5; // the driver domain
    FakeXenstored xenstored;
    xen::Store store = xen::Store::adopt(xenstored.connect()).value();

    static std::string record(unsigned client, unsigned devid) {
        return "/libxl/" + std::to_string(client) + "/device/vif/" + std::to_string(devid);
    }
    static std::string frontend(unsigned client, unsigned devid) {
        return "/local/domain/" + std::to_string(client) + "/device/vif/" + std::to_string(devid);
    }
    static std::string backend(unsigned client, unsigned devid, unsigned of = server) {
        return "/local/domain/" + std::to_string(of) + "/backend/vif/" + std::to_string(client) + "/" +
               std::to_string(devid);
    }

    // A record and a frontend; no backend directory: the driver domain has died.
    void add(unsigned client, unsigned devid, unsigned of = server) {
        xenstored.write(record(client, devid) + "/backend", backend(client, devid, of));
        xenstored.write(record(client, devid) + "/frontend", frontend(client, devid));
        for (const auto& [key, value] :
             {std::pair("frontend-id", std::to_string(client)), std::pair("online", std::string("1")),
              std::pair("state", std::string("1")), std::pair("script", std::string("/etc/xen/scripts/vif-bridge")),
              std::pair("mac", std::string("00:16:3e:01:02:03")), std::pair("bridge", std::string("xenbr0")),
              std::pair("handle", std::to_string(devid)), std::pair("mtu", std::string("1400")),
              std::pair("hotplug-status", std::string())}) {
            xenstored.write(record(client, devid) + "/" + key, value);
        }
        xenstored.write(frontend(client, devid) + "/state", "4");
        xenstored.write(frontend(client, devid) + "/queue-0/tx-ring-ref", "8");
        xenstored.write(frontend(client, devid) + "/queue-0/event-channel", "9");
    }

    driverdomain::ClientVif vif(unsigned client, unsigned devid) {
        const auto vifs = driverdomain::client_vifs(store, server).value();
        for (const driverdomain::ClientVif& found : vifs) {
            if (found.client == client && found.devid == devid) return found;
        }
        ADD_FAILURE() << "no such vif";
        return {};
    }

    std::string permissions(const std::string& path) {
        const auto given = store.permissions(path);
        if (!given) return given.error().message;
        std::string text;
        for (const auto& permission : *given) text += xen::wire::format_permission(permission) + " ";
        return text;
    }
};

} // namespace bulkhead::test
