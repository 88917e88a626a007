#include "driverdomain/reconnect.hpp"

#include "unit/driverdomain/vif_tree.hpp"

#include <atomic>
#include <cerrno>
#include <thread>

using namespace bulkhead;
using namespace bulkhead::driverdomain;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using xen::wire::Type;

namespace {

struct Reconnect : test::VifTree {
    void SetUp() override { add(7, 0); }

    void connect(unsigned client, unsigned devid) {
        xenstored.write(backend(client, devid) + "/hotplug-status", "connected");
        xenstored.write(backend(client, devid) + "/state", "4");
    }

    // await_vifs() has looked at everything once and for the watch's first event: now it waits for events.
    void when_it_waits(unsigned vifs) {
        const unsigned reads_of_a_look = 5;
        xenstored.wait_until(
            [&, this] { return xenstored.requests(Type::read) - reads_ >= 2 * vifs * reads_of_a_look; });
    }
    Result<std::vector<VifReport>> await(std::vector<ClientVif> vifs, std::chrono::milliseconds patience) {
        return await_vifs(store, std::move(vifs), patience);
    }
    unsigned reads_ = 0; // before await()
};

} // namespace

TEST_F(Reconnect, GrantsTheFrontendAndAllBelow) {
    const ClientVif it = vif(7, 0);
    ASSERT_TRUE(grant_again(store, it).value());
    for (const char* node : {"", "/state", "/queue-0", "/queue-0/tx-ring-ref", "/queue-0/event-channel"})
        EXPECT_EQ(permissions(it.frontend + node), "n7 r5 ") << node;
    EXPECT_EQ(permissions("/local/domain/7/device/vif"), "r0 "); // nothing above
    // The driver domain can read what it needs, and write nothing of it.
    xen::Store theirs = xen::Store::adopt(xenstored.connect(server)).value();
    EXPECT_EQ(theirs.read(it.frontend + "/queue-0/tx-ring-ref").value(), "8");
    EXPECT_EQ(theirs.write(it.frontend + "/queue-0/tx-ring-ref", "9").error().code, EACCES);
}

TEST_F(Reconnect, TheMtuIsTheDriverDomainsAndMadeAgain) {
    const ClientVif it = vif(7, 0);
    ASSERT_FALSE(xenstored.exists(it.frontend + "/mtu")); // it died with its owner
    ASSERT_TRUE(grant_again(store, it).value());
    EXPECT_EQ(xenstored.read(it.frontend + "/mtu"), "1400");
    EXPECT_EQ(permissions(it.frontend + "/mtu"), "n5 r7 ");
    xenstored.write(it.frontend + "/mtu", "1300"); // the agent has set it
    ASSERT_TRUE(grant_again(store, it).value());
    EXPECT_EQ(xenstored.read(it.frontend + "/mtu"), "1300");
}

TEST_F(Reconnect, NoMtuIsMadeUp) {
    xenstored.remove(record(7, 0) + "/mtu");
    ASSERT_TRUE(grant_again(store, vif(7, 0)).value());
    EXPECT_FALSE(xenstored.exists(frontend(7, 0) + "/mtu"));
}

TEST_F(Reconnect, AClientThatHasGoneGetsNothing) {
    const ClientVif it = vif(7, 0);
    xenstored.remove("/local/domain/7");
    EXPECT_FALSE(grant_again(store, it).value());
    EXPECT_FALSE(xenstored.exists("/local/domain/7"));
}

TEST_F(Reconnect, NodesMayVanishMeanwhile) {
    const ClientVif it = vif(7, 0);
    xenstored.fail_next(Type::directory, "ENOENT");
    EXPECT_TRUE(grant_again(store, it).value());
    xenstored.fail_next(Type::set_permissions, "ENOENT");
    EXPECT_TRUE(grant_again(store, it).value());
    xenstored.fail_next(Type::set_permissions, "EACCES"); // anything else is an error
    EXPECT_EQ(grant_again(store, it).error().code, EACCES);
    xenstored.fail_next(Type::directory, "EIO");
    EXPECT_EQ(grant_again(store, it).error().code, EIO);
}

TEST_F(Reconnect, AFrontendFullOfNodesIsRefused) {
    const ClientVif it = vif(7, 0);
    for (std::size_t i = 0; i < nodes_max; ++i) xenstored.write(it.frontend + "/n" + std::to_string(i), "");
    const auto granted = grant_again(store, it);
    ASSERT_FALSE(granted);
    EXPECT_EQ(granted.error().code, E2BIG);
    EXPECT_NE(granted.error().message.find("more than 4096 nodes"), std::string::npos);
    EXPECT_LE(xenstored.requests(Type::set_permissions), nodes_max);
}

TEST_F(Reconnect, TheRulesOfAVifComeBackWithIt) {
    xenstored.write("/libxl/7/bulkhead-fence/0", "types=a");
    ASSERT_TRUE(write_backend(store, vif(7, 0)).value());
    EXPECT_EQ(xenstored.read("/local/domain/5/bulkhead/fence/7/0"), "types=a");
}

TEST_F(Reconnect, WritesTheBackendAsTheToolstackDid) {
    const ClientVif it = vif(7, 0);
    ASSERT_TRUE(write_backend(store, it).value());
    const std::vector<std::pair<std::string, std::string>> nodes = {{"frontend", it.frontend},
                                                                    {"frontend-id", "7"},
                                                                    {"online", "1"},
                                                                    {"state", "1"},
                                                                    {"script", "/etc/xen/scripts/vif-bridge"},
                                                                    {"mac", "00:16:3e:01:02:03"},
                                                                    {"bridge", "xenbr0"},
                                                                    {"handle", "0"},
                                                                    {"mtu", "1400"},
                                                                    {"hotplug-status", ""}};
    EXPECT_EQ(xenstored.list(it.backend).size(), nodes.size());
    EXPECT_EQ(permissions(it.backend), "n5 r7 ");
    for (const auto& [key, value] : nodes) {
        EXPECT_EQ(xenstored.read(it.backend + "/" + key), value) << key;
        EXPECT_EQ(permissions(it.backend + "/" + key), "n5 r7 ") << key;
    }
}

TEST_F(Reconnect, ABackendInUseIsLeftAlone) {
    const ClientVif it = vif(7, 0);
    for (const char* state : {"1", "2", "3", "4"}) {
        xenstored.write(it.backend + "/state", state);
        EXPECT_TRUE(write_backend(store, it).value());
        EXPECT_EQ(xenstored.list(it.backend), std::vector<std::string>{"state"});
        EXPECT_EQ(xenstored.read(it.backend + "/state"), state);
    }
}

TEST_F(Reconnect, AClosedBackendIsWrittenAnew) {
    const ClientVif it = vif(7, 0);
    for (const char* state : {"5", "6"}) {
        xenstored.write(it.backend + "/state", state);
        xenstored.write(it.backend + "/hotplug-error", "old");
        EXPECT_TRUE(write_backend(store, it).value());
        EXPECT_EQ(xenstored.read(it.backend + "/state"), "1");
        EXPECT_FALSE(xenstored.exists(it.backend + "/hotplug-error"));
    }
    xenstored.remove(it.backend + "/state"); // half a directory
    EXPECT_TRUE(write_backend(store, it).value());
    EXPECT_EQ(xenstored.read(it.backend + "/state"), "1");
}

TEST_F(Reconnect, NoBackendForAVifThatWasRemoved) {
    const ClientVif it = vif(7, 0);
    xenstored.write(it.record + "/backend", backend(7, 0, 6)); // has another server now
    EXPECT_FALSE(write_backend(store, it).value());
    xenstored.remove(it.record);
    EXPECT_FALSE(write_backend(store, it).value());
    add(7, 0);
    xenstored.remove("/local/domain/7");
    EXPECT_FALSE(write_backend(store, it).value());
    EXPECT_FALSE(xenstored.exists(it.backend));
}

TEST_F(Reconnect, ConflictsAreTriedAgainAndOtherErrorsTold) {
    const ClientVif it = vif(7, 0);
    xenstored.fail_next(Type::transaction_end, "EAGAIN", 3);
    ASSERT_TRUE(write_backend(store, it).value());
    EXPECT_EQ(xenstored.requests(Type::transaction_end), 4U);
    EXPECT_EQ(xenstored.read(it.backend + "/state"), "1");
    xenstored.remove(it.backend);
    xenstored.fail_next(Type::write, "ENOSPC");
    EXPECT_EQ(write_backend(store, it).error().code, ENOSPC);
    EXPECT_FALSE(xenstored.exists(it.backend)); // all or nothing
}

TEST_F(Reconnect, LooksAtBothEnds) {
    const struct {
        const char *front, *back, *plugged, *hotplug_error, *netback;
        VifOutcome outcome;
        const char* reason;
    } table[] = {
        {"4", "4", "connected", "", "", VifOutcome::connected, ""},
        {"4", "4", "", "", "", VifOutcome::waiting, "netback is in state 4"},
        {"4", "2", "", "", "", VifOutcome::waiting, "netback is in state 2"},
        {"4", "2", "connected", "", "", VifOutcome::waiting, "netback is in state 2"},
        {"4", "", "", "", "", VifOutcome::waiting, "no backend"},
        {"1", "2", "connected", "", "", VifOutcome::waiting, "the client has not connected it yet"},
        {"3", "4", "connected", "", "", VifOutcome::waiting, "the client has not connected it yet"},
        {"5", "4", "connected", "", "", VifOutcome::waiting, "the client closes it"},
        {"6", "6", "", "", "", VifOutcome::waiting, "the client closes it"},
        {"4", "5", "", "", "", VifOutcome::refused, "netback in the driver domain closes it and gives no reason"},
        {"4", "5", "", "", "22 mapping", VifOutcome::refused,
         "netback in the driver domain refuses the client's ring: 22 mapping"},
        {"6", "6", "", "", "22 mapping", VifOutcome::refused,
         "netback in the driver domain refuses the client's ring: 22 mapping"},
        {"4", "4", "connected", "", "22 old", VifOutcome::connected, ""},
        {"4", "2", "", "", "22 old", VifOutcome::waiting, "netback is in state 2"},
        {"4", "4", "error", "no bridge", "", VifOutcome::refused, "the agent says: no bridge"},
        {"1", "2", "error", "no\n\x1b[2Jbridge", "", VifOutcome::refused, nullptr},
        {"4", "\n\n", "", "", "", VifOutcome::waiting, nullptr},
    };
    const ClientVif it = vif(7, 0);
    const std::string error = "/local/domain/5/error/backend/vif/7/0/error";
    for (const auto& row : table) {
        SCOPED_TRACE(testing::Message() << row.front << "/" << row.back << " " << row.plugged << " " << row.netback);
        xenstored.remove(it.backend);
        xenstored.remove(error);
        xenstored.write(it.frontend + "/state", row.front);
        if (*row.back != '\0') xenstored.write(it.backend + "/state", row.back);
        if (*row.plugged != '\0') xenstored.write(it.backend + "/hotplug-status", row.plugged);
        if (*row.hotplug_error != '\0') xenstored.write(it.backend + "/hotplug-error", row.hotplug_error);
        if (*row.netback != '\0') xenstored.write(error, row.netback);
        const VifReport report = look(store, it).value();
        EXPECT_EQ(report.outcome, row.outcome);
        if (row.reason != nullptr) {
            EXPECT_EQ(report.reason, row.reason);
        }
        EXPECT_EQ(report.reason.find_first_of("\n\x1b"), std::string::npos); // nothing for a terminal
    }
    xenstored.write(it.backend + "/hotplug-status", "error");
    xenstored.write(it.backend + "/hotplug-error", std::string(3000, 'x'));
    EXPECT_LT(look(store, it).value().reason.size(), 300U);
}

TEST_F(Reconnect, LooksForVifsThatHaveGone) {
    const ClientVif it = vif(7, 0);
    connect(7, 0);
    EXPECT_EQ(look(store, it).value().outcome, VifOutcome::connected);
    xenstored.write(it.record + "/backend", backend(7, 0, 6));
    EXPECT_EQ(look(store, it).value().outcome, VifOutcome::gone);
    xenstored.write(it.record + "/backend", it.backend);
    xenstored.remove(it.frontend);
    EXPECT_EQ(look(store, it).value().outcome, VifOutcome::gone);
    xenstored.fail_next(Type::read, "EIO");
    EXPECT_EQ(look(store, it).error().code, EIO);
}

TEST_F(Reconnect, NoVifsNoWait) {
    EXPECT_TRUE(await({}, 1h).value().empty());
    EXPECT_EQ(xenstored.requests(Type::watch), 0U);
}

TEST_F(Reconnect, WaitsForSeveralByEvents) {
    add(7, 1);
    add(7, 10);
    const auto vifs = client_vifs(store, server).value();
    for (const ClientVif& it : vifs) ASSERT_TRUE(write_backend(store, it).value());
    reads_ = xenstored.requests(Type::read);
    std::thread driver_domain([this] {
        when_it_waits(3);
        for (const unsigned devid : {10U, 0U, 1U}) {
            xenstored.write(backend(7, devid) + "/state", "2");
            connect(7, devid);
        }
    });
    const auto reports = await(vifs, 60s).value();
    driver_domain.join();
    ASSERT_EQ(reports.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(reports[i].vif.name(), vifs[i].name());
        EXPECT_EQ(reports[i].outcome, VifOutcome::connected) << reports[i].reason;
    }
    EXPECT_EQ(xenstored.requests(Type::unwatch), 1U);
    EXPECT_FALSE(store.next_event().value()); // nothing is left for the next user of the connection
}

TEST_F(Reconnect, ARefusalEndsTheWaitWithNetbacksError) {
    const ClientVif it = vif(7, 0);
    ASSERT_TRUE(write_backend(store, it).value());
    reads_ = xenstored.requests(Type::read);
    std::thread driver_domain([this] {
        when_it_waits(1);
        xenstored.write("/local/domain/5/error/backend/vif/7/0/error", "22 mapping shared-frames");
        xenstored.write(backend(7, 0) + "/state", "5");
    });
    const auto reports = await({it}, 60s).value();
    driver_domain.join();
    EXPECT_EQ(reports[0].outcome, VifOutcome::refused);
    EXPECT_EQ(reports[0].reason, "netback in the driver domain refuses the client's ring: 22 mapping shared-frames");
}

TEST_F(Reconnect, ARemovedVifEndsTheWait) {
    const ClientVif it = vif(7, 0);
    ASSERT_TRUE(write_backend(store, it).value());
    reads_ = xenstored.requests(Type::read);
    std::thread toolstack([this] {
        when_it_waits(1);
        xenstored.remove(record(7, 0));
        xenstored.remove(frontend(7, 0));
        xenstored.remove(backend(7, 0));
    });
    const auto reports = await({it}, 60s).value();
    toolstack.join();
    EXPECT_EQ(reports[0].outcome, VifOutcome::gone);
}

TEST_F(Reconnect, AClientThatIsNotConnectedDoesNotDelay) {
    add(8, 0);
    xenstored.write(frontend(8, 0) + "/state", "1"); // still boots, perhaps for ever
    const auto vifs = client_vifs(store, server).value();
    for (const ClientVif& it : vifs) ASSERT_TRUE(write_backend(store, it).value());
    connect(7, 0);
    const auto begin = Clock::now();
    const auto reports = await(vifs, 60s).value();
    EXPECT_LT(Clock::now() - begin, 30s);
    EXPECT_EQ(reports[0].outcome, VifOutcome::connected);
    EXPECT_EQ(reports[1].outcome, VifOutcome::waiting);
    EXPECT_EQ(reports[1].reason, "the client has not connected it yet");
}

TEST_F(Reconnect, AtTheDeadlineItCountsAsRefused) {
    const ClientVif it = vif(7, 0);
    ASSERT_TRUE(write_backend(store, it).value());
    const auto reports = await({it}, 50ms).value();
    EXPECT_EQ(reports[0].outcome, VifOutcome::refused);
    EXPECT_EQ(reports[0].reason, "not connected in time: netback is in state 1");
    EXPECT_EQ(await({it}, -1s).value()[0].outcome, VifOutcome::refused);
    connect(7, 0); // in time, though the time is over
    EXPECT_EQ(await({it}, -1s).value()[0].outcome, VifOutcome::connected);
}

// Sixty-four of them took two minutes.
TEST_F(Reconnect, EachVifThatArrivesGivesTheOthersTheirTime) {
    for (const unsigned devid : {1U, 2U, 3U}) add(7, devid);
    const auto vifs = client_vifs(store, server).value();
    for (const ClientVif& it : vifs) ASSERT_TRUE(write_backend(store, it).value());
    reads_ = xenstored.requests(Type::read);
    std::thread driver_domain([this] {
        when_it_waits(4);
        for (const unsigned devid : {0U, 1U, 2U}) { // longer than the patience in all
            std::this_thread::sleep_for(800ms);
            connect(7, devid);
        }
    });
    const auto reports = await(vifs, 2s).value();
    driver_domain.join();
    for (const unsigned devid : {0U, 1U, 2U}) EXPECT_EQ(reports[devid].outcome, VifOutcome::connected) << devid;
    EXPECT_EQ(reports[3].outcome, VifOutcome::refused);
}

TEST_F(Reconnect, WritesWithoutEndDoNotMoveTheDeadline) {
    const ClientVif it = vif(7, 0);
    ASSERT_TRUE(write_backend(store, it).value());
    std::atomic<bool> stop = false;
    std::thread driver_domain([&] {
        const auto end = Clock::now() + 10s; // or the test never ends
        while (!stop && Clock::now() < end) xenstored.write(it.backend + "/noise", "x");
    });
    const auto begin = Clock::now();
    const auto reports = await({it}, 200ms);
    const auto took = Clock::now() - begin;
    stop = true;
    driver_domain.join();
    ASSERT_TRUE(reports) << reports.error().message;
    EXPECT_EQ((*reports)[0].outcome, VifOutcome::refused);
    EXPECT_LT(took, 8s);
}

TEST_F(Reconnect, ALostXenstoredIsAnError) {
    const ClientVif it = vif(7, 0);
    ASSERT_TRUE(write_backend(store, it).value());
    reads_ = xenstored.requests(Type::read);
    std::thread fault([this] {
        when_it_waits(1);
        xenstored.drop_connections();
    });
    const auto reports = await({it}, 60s);
    fault.join();
    ASSERT_FALSE(reports);
    EXPECT_TRUE(xen::connection_failed(reports.error()));
}
