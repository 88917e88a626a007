// Manager: vifs that wait for their driver domain.
#include "manager_fixture.hpp"

#include "domain/vif_rules.hpp"
#include "support/network_namespace.hpp"
#include "xen/store.hpp"

#include <csignal>
#include <cstdlib>
#include <gmock/gmock.h>

using namespace bulkhead;
using namespace bulkhead::domain;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

struct AttachPending : ManagerTest {
    const std::string backend = "/local/domain/5/backend/vif/6/1";
    std::optional<xen::Store> store;

    void SetUp() override {
        ManagerTest::SetUp();
        store = xen::Store::open().value();
        ASSERT_TRUE(store->write("/local/domain/5/data/bulkhead/state", "ready"));
        for (const char* client : {"6", "7"}) // 7: in its next life
            ASSERT_TRUE(store->write(std::string("/local/domain/") + client + "/name", "web"));
        // The driver domain's agent, here in the worker's process.
        libxl.plug = [](unsigned client, unsigned devid, unsigned server) {
            xen::Store there = xen::Store::open().value();
            const std::string path = "/local/domain/" + std::to_string(server) + "/backend/vif/" +
                                     std::to_string(client) + "/" + std::to_string(devid);
            EXPECT_TRUE(there.write(path + "/state", "2"));
            const auto rules = there.read_if(rules_node(server, client, devid)).value();
            EXPECT_THAT(rules.value_or(""), HasSubstr("mac=00:16:3e:00:00:02"));
            EXPECT_TRUE(there.write(rules_in_force(server, client, devid), rules.value_or("")));
            const bool refuses = there.exists("/refuse").value();
            EXPECT_TRUE(!refuses || there.write(path + "/hotplug-error", "no bridge 'x'"));
            EXPECT_TRUE(there.write(path + "/hotplug-status", refuses ? "error" : "connected"));
        };
        driver_domain();
        libxl.add_domain(6, "web", web_uuid);
        DomainRecord client = ours(6, "web", web_uuid);
        client.config += "memory=64\nvif=['mac=00:16:3e:00:00:01,backend=0', 'mac=00:16:3e:00:00:02,backend=ndvm']\n";
        ASSERT_TRUE(journal().end_with_domain(0, client, {{web_uuid, 1, "ndvm"}}));
    }
    void TearDown() override {
        store.reset();
        ManagerTest::TearDown();
    }
    std::size_t pending() { return journal().pending_vifs().value().size(); }
};

} // namespace

TEST_F(AttachPending, ComesWhenTheDriverDomainIsReadyAndOnce) {
    start();
    EXPECT_EQ(libxl.nics_ever_added(), 0U) << "its driver domain was not ready";
    manager->attach_pending(other_uuid);
    EXPECT_FALSE(manager->busy());
    manager->attach_pending(ndvm_uuid);
    manager->attach_pending(ndvm_uuid); // it is on its way already
    idle();
    EXPECT_THAT(libxl.nics(6), ElementsAre(1U));
    EXPECT_EQ(libxl.nics_ever_added(), 1U);
    EXPECT_EQ(pending(), 0U);
    EXPECT_THAT(operations(), IsEmpty());
    manager->attach_pending(ndvm_uuid);
    EXPECT_FALSE(manager->busy());
}

TEST_F(AttachPending, ComesAfterRecoveryWhenTheDriverDomainIsReadyByThen) {
    keeper.serving.insert(ndvm_uuid);
    // An earlier attempt of a daemon that was killed: it must be gone before the next.
    libxl.add_nic(6, 1, "00:16:3e:00:00:02");
    ASSERT_TRUE(journal().begin({0, "network-attach", web_uuid, "web", "1 00:16:3e:00:00:02"}));
    open();
    manager->attach_pending(ndvm_uuid);
    EXPECT_FALSE(manager->busy()) << "nothing is attached before recover()";
    ASSERT_TRUE(manager->recover());
    manager->attach_pending(ndvm_uuid); // nor before what was half-done is undone
    until([&] { return pending() == 0; });
    idle();
    EXPECT_THAT(libxl.nics(6), ElementsAre(1U));
    EXPECT_EQ(libxl.nics_ever_added(), 1U);
    EXPECT_THAT(operations(), IsEmpty());
}

TEST_F(AttachPending, WaitsOnWhenTheDriverDomainRefusesIt) {
    ASSERT_TRUE(store->write("/refuse", ""));
    start();
    manager->attach_pending(ndvm_uuid);
    idle();
    EXPECT_EQ(libxl.nics_ever_added(), 1U);
    EXPECT_THAT(libxl.nics(6), IsEmpty()) << "the half-made vif goes";
    EXPECT_EQ(pending(), 1U);
    EXPECT_THAT(operations(), IsEmpty());
    ASSERT_TRUE(store->remove("/refuse"));
    ASSERT_TRUE(store->remove(backend));
    manager->attach_pending(ndvm_uuid);
    idle();
    EXPECT_THAT(libxl.nics(6), ElementsAre(1U));
    EXPECT_EQ(pending(), 0U);
}

TEST_F(AttachPending, NotToAClientThatIsBeingMadeAgain) {
    keeper.takes = true;
    start();
    ASSERT_TRUE(libxl.die(6)); // the keeper is busy with it
    until([&] { return keeper.calls.back() == "ended web"; });
    manager->attach_pending(ndvm_uuid);
    EXPECT_FALSE(manager->busy());
    EXPECT_EQ(pending(), 1U);
    // Its new life lacks the vif as well; by now the driver domain is ready.
    keeper.serving.insert(ndvm_uuid);
    const auto body = [this](xen::Context&, const WorkerSide& side) -> Result<std::string> {
        TRY(side.intent("create"));
        libxl.add_domain(6, "web", web_uuid);
        return nlohmann::json{
            {"id", 6}, {"policy", print_policy(Policy())}, {"pending", {{{"devid", 1}, {"backend", "ndvm"}}}}}
            .dump();
    };
    const DomainRecord web = *manager->record("web");
    ASSERT_TRUE(manager->remake(web, seconds(30), body, answer.reply()));
    answered();
    ASSERT_TRUE(*answer.result) << answer.error();
    until([&] { return pending() == 0; });
    idle();
    EXPECT_THAT(libxl.nics(6), ElementsAre(1U));
}

TEST_F(AttachPending, RulesAreRenewedOneAfterTheOther) {
    const std::string record = rules_record(6, 0);
    libxl.add_nic(6, 0, "00:16:3e:00:00:01");
    start();
    idle();
    const auto types_again = [&] { return static_cast<bool>(store->write(record, "mac=00:16:3e:00:00:01 types=x")); };
    ASSERT_TRUE(types_again());
    std::vector<std::string> told;
    manager->renew_vif_rules([&](const Status& renewed) {
        EXPECT_TRUE(renewed) << renewed.error().message;
        EXPECT_EQ(store->read(record).value(), "mac=00:16:3e:00:00:01") << "no policy is in force";
        EXPECT_TRUE(types_again()); // which the next renewal has to see
        told.emplace_back("first");
    });
    for (const char* name : {"second", "third"}) {
        manager->renew_vif_rules([&told, name](const Status& renewed) {
            EXPECT_TRUE(renewed) << renewed.error().message;
            told.emplace_back(name);
        });
    }
    until([&] { return told.size() == 3; });
    EXPECT_THAT(told, ElementsAre("first", "second", "third"));
    EXPECT_EQ(store->read(record).value(), "mac=00:16:3e:00:00:01");
}
