// Manager on a host without Xen: remake(), what is left by a daemon before us, and vifs that wait for their driver
// domain. The workers are real processes.
#include "domain/manager.hpp"

#include "base/file.hpp"

#include "support/fake_libxl.hpp"
#include "support/fake_xenstored.hpp"
#include "xen/store.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace bulkhead;
using namespace bulkhead::domain;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

const std::string ndvm_uuid = "5d0d9b2c-6a1e-4c6e-8f0a-3b2f6f1f6d11";
const std::string web_uuid = "5d0d9b2c-6a1e-4c6e-8f0a-3b2f6f1f6d22";
const std::string other_uuid = "5d0d9b2c-6a1e-4c6e-8f0a-3b2f6f1f6d33";

struct RecordingKeeper final : Keeper {
    std::vector<std::string> calls;
    bool takes = false;
    std::set<std::string> serving; // UUIDs
    std::function<void(const DomainRecord&)> on_resume;

    void lives(const DomainRecord& record, const Policy&) override {
        calls.push_back("lives " + record.name + " " + std::to_string(record.domain));
    }
    bool ended(const DomainRecord& record, const Policy&, const xen::DomainEvent&) override {
        calls.push_back("ended " + record.name);
        return takes;
    }
    void resume(const DomainRecord& record, const Policy&, const std::string& detail) override {
        calls.push_back("resume " + record.name + " " + detail);
        if (on_resume) on_resume(record);
    }
    void gone(const std::string& uuid) override { calls.push_back("gone " + uuid); }
    bool ready(const std::string& uuid) const override { return serving.contains(uuid); }
    void paused(const std::string&, bool) override {}
};

// The answer of an operation.
struct Answer {
    std::optional<Result<std::string>> result;
    std::vector<std::string> progress;

    Reply reply() {
        return {[this](const std::string& text) { progress.push_back(text); },
                [this](Result<std::string> r) {
                    EXPECT_FALSE(result) << "answered twice";
                    result.emplace(std::move(r));
                }};
    }
    [[nodiscard]] std::string error() const { return result && !*result ? result->error().message : "no error"; }
};

struct ManagerTest : testing::Test {
    const std::string folder = testing::TempDir() + "bulkhead-manager." + std::to_string(::getpid());
    const std::string file = folder + "/state.db";
    test::FakeLibxl libxl;
    EventLoop loop = EventLoop::create().value();
    RecordingKeeper keeper;
    std::unique_ptr<Manager> manager;
    Answer answer;

    void SetUp() override {
        std::filesystem::create_directories(folder);
        ::setenv("XENSTORED_PATH", (folder + "/no-xenstored").c_str(), 1);
    }
    void TearDown() override {
        manager.reset();
        before_.reset();
        ::unsetenv("XENSTORED_PATH");
        std::filesystem::remove_all(folder);
    }

    // The manager's, or before there is one the file that it will get: only one may have it open.
    Journal& journal() {
        if (manager) return manager->journal();
        if (!before_) before_.emplace(Journal::open(file).value());
        return *before_;
    }

    // One of ours, as a daemon before us wrote it down.
    DomainRecord ours(unsigned domain, const std::string& name, const std::string& uuid, const Policy& policy = {}) {
        DomainRecord record;
        record.uuid = uuid;
        record.name = name;
        record.config = "name=\"" + name + "\"\nkernel=\"/k\"\n";
        record.source = name + ".cfg";
        record.policy = print_policy(policy);
        record.domain = domain;
        EXPECT_TRUE(journal().end_with_domain(0, record, {}));
        return record;
    }
    DomainRecord driver_domain() {
        Policy policy;
        policy.driver_domain = true;
        libxl.add_domain(5, "ndvm", ndvm_uuid);
        return ours(5, "ndvm", ndvm_uuid, policy);
    }
    void open(bool with_keeper = true) {
        Journal mine = std::move(journal());
        before_.reset();
        manager = Manager::open(loop, xen::Context::open().value(), std::move(mine)).value();
        if (with_keeper) manager->keep(keeper);
    }
    void start(bool with_keeper = true) {
        open(with_keeper);
        ASSERT_TRUE(manager->recover());
        idle();
    }

    void until(const std::function<bool()>& condition) {
        const auto end = std::chrono::steady_clock::now() + seconds(60);
        while (!condition() && std::chrono::steady_clock::now() < end) ASSERT_TRUE(loop.run_once(milliseconds(100)));
        ASSERT_TRUE(condition()) << "waited in vain";
    }
    void idle() {
        until([this] { return !manager->busy(); });
        ASSERT_TRUE(loop.run_once(milliseconds(0)));
    }
    void answered() {
        until([this] { return answer.result.has_value(); });
    }

    std::vector<std::string> operations() { // verb and detail
        std::vector<std::string> rows;
        const std::vector<Operation> all = journal().operations().value();
        for (const Operation& operation : all) rows.push_back(operation.verb + " " + operation.detail);
        return rows;
    }

    // What remake() is given: announces, makes the domain (again), and says so.
    Manager::Body makes(unsigned domain, const std::string& detail = "create") {
        return [this, domain, detail](xen::Context&, const WorkerSide& side) -> Result<std::string> {
            TRY(side.intent("destroy"));
            libxl.remove_domain(5);
            TRY(side.intent(detail));
            libxl.add_domain(domain, "ndvm", ndvm_uuid);
            side.progress("made");
            Policy policy;
            policy.driver_domain = true;
            return nlohmann::json{{"id", domain}, {"policy", print_policy(policy)}}.dump();
        };
    }
    // As above, but it cannot be completed, and its maker fails to clean up.
    Manager::Body fails_half_way(const std::function<void()>& how = [] {}) {
        return [this, how](xen::Context&, const WorkerSide& side) -> Result<std::string> {
            TRY(side.intent("destroy"));
            libxl.remove_domain(5);
            TRY(side.intent("create"));
            libxl.add_domain(6, "ndvm", ndvm_uuid);
            how();
            return fail("its NIC is broken", EIO);
        };
    }

private:
    std::optional<Journal> before_;
};

using Remake = ManagerTest;
using Recover = ManagerTest;

} // namespace

// ---- remake() ----

TEST_F(Remake, IsForOursOnly) {
    libxl.add_domain(5, "ndvm", ndvm_uuid);
    start();
    DomainRecord stranger;
    stranger.uuid = ndvm_uuid;
    stranger.name = "ndvm";
    const auto started = manager->remake(stranger, seconds(30), makes(6), answer.reply());
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ENOENT);
    EXPECT_FALSE(manager->busy());
}

TEST_F(Remake, WritesDownEachStepAndThenTheNewDomain) {
    const DomainRecord record = driver_domain();
    start();
    ASSERT_THAT(keeper.calls, ElementsAre("lives ndvm 5"));
    ASSERT_TRUE(libxl.watched(5));
    std::vector<std::string> while_made;
    Reply reply = answer.reply();
    reply.progress = [&](const std::string&) { while_made = operations(); };
    ASSERT_TRUE(manager->remake(record, seconds(30), makes(9, "create now"), reply));
    EXPECT_FALSE(libxl.watched(5)) << "its successor may have the same id";
    const auto second = manager->remake(record, seconds(30), makes(10), Reply());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, EBUSY);
    answered();
    ASSERT_TRUE(*answer.result) << answer.error();
    EXPECT_THAT(while_made, ElementsAre("reincarnate create now")) << "one row, with the last step";
    EXPECT_THAT(operations(), IsEmpty());
    EXPECT_EQ(journal().find(ndvm_uuid).value()->domain, 9U);
    EXPECT_THAT(keeper.calls, ElementsAre("lives ndvm 5", "lives ndvm 9"));
    EXPECT_TRUE(libxl.watched(9));
    EXPECT_EQ(manager->record("ndvm")->domain, 9U);
}

TEST_F(Remake, BecomesWhatItIsGiven) {
    DomainRecord record = driver_domain();
    start();
    record.config = "name=\"ndvm\"\nkernel=\"/new\"\n";
    ASSERT_TRUE(manager->remake(record, seconds(30), makes(5), answer.reply()));
    answered();
    ASSERT_TRUE(*answer.result);
    EXPECT_EQ(manager->record(ndvm_uuid)->config, record.config);
    EXPECT_EQ(journal().find(ndvm_uuid).value()->config, record.config);
}

TEST_F(Remake, WhatIsHalfMadeIsRemovedBeforeTheAnswerAndItMayBeTriedAgain) {
    const DomainRecord record = driver_domain();
    start();
    Reply reply = answer.reply();
    bool left = true;
    reply.done = [&, done = reply.done](Result<std::string> result) {
        left = libxl.has_domain(6);
        done(std::move(result));
    };
    ASSERT_TRUE(manager->remake(record, seconds(30), fails_half_way(), reply));
    answered();
    EXPECT_EQ(answer.error(), "its NIC is broken");
    EXPECT_FALSE(left);
    EXPECT_THAT(operations(), IsEmpty());
    EXPECT_TRUE(manager->owns(ndvm_uuid));
    EXPECT_THAT(keeper.calls, ElementsAre("lives ndvm 5"));

    Answer again;
    ASSERT_TRUE(manager->remake(record, seconds(30), makes(7), again.reply()));
    until([&] { return again.result.has_value(); });
    EXPECT_TRUE(*again.result) << again.error();
    EXPECT_EQ(manager->record(ndvm_uuid)->domain, 7U);
}

TEST_F(Remake, AWorkerThatDiesIsAFailureLikeAnyOther) {
    const DomainRecord record = driver_domain();
    start();
    ASSERT_TRUE(manager->remake(record, seconds(30), fails_half_way([] { ::raise(SIGKILL); }), answer.reply()));
    answered();
    EXPECT_THAT(answer.error(), HasSubstr("killed by signal 9"));
    EXPECT_FALSE(libxl.has_domain(6));
    EXPECT_THAT(operations(), IsEmpty());
    EXPECT_TRUE(manager->owns(ndvm_uuid));
}

TEST_F(Remake, StopsAtItsDeadline) {
    const DomainRecord record = driver_domain();
    start();
    const auto hang = [] {
        for (;;) ::pause();
    };
    ASSERT_TRUE(manager->remake(record, seconds(2), fails_half_way(hang), answer.reply()));
    answered();
    ASSERT_FALSE(*answer.result);
    EXPECT_EQ(answer.result->error().code, ETIMEDOUT);
    EXPECT_THAT(operations(), IsEmpty());
}

TEST_F(Remake, AFailureBeforeTheFirstStepTouchesNothing) {
    const DomainRecord record = driver_domain();
    start();
    const auto body = [](xen::Context&, const WorkerSide&) -> Result<std::string> { return fail("no such kernel"); };
    ASSERT_TRUE(manager->remake(record, seconds(30), body, answer.reply()));
    answered();
    EXPECT_EQ(answer.error(), "no such kernel");
    EXPECT_TRUE(libxl.has_domain(5));
    Answer again;
    ASSERT_TRUE(manager->remake(record, seconds(30), makes(5), again.reply()));
    until([&] { return again.result.has_value(); });
    EXPECT_TRUE(*again.result);
}

TEST_F(Remake, WhatCannotBeRemovedStaysWrittenDownAndIsTakenUpByTheNextTry) {
    const DomainRecord record = driver_domain();
    start();
    libxl.refuse_destroy(true);
    ASSERT_TRUE(manager->remake(record, seconds(30), fails_half_way(), answer.reply()));
    answered();
    EXPECT_EQ(answer.error(), "its NIC is broken");
    EXPECT_THAT(operations(), ElementsAre("reincarnate create"));
    libxl.refuse_destroy(false);
    libxl.remove_domain(6);
    Answer again;
    std::vector<std::string> while_made;
    Reply reply = again.reply();
    reply.progress = [&](const std::string&) { while_made = operations(); };
    ASSERT_TRUE(manager->remake(record, seconds(30), makes(7, "second"), reply));
    until([&] { return again.result.has_value(); });
    EXPECT_TRUE(*again.result) << again.error();
    EXPECT_THAT(while_made, ElementsAre("reincarnate second"));
    EXPECT_THAT(operations(), IsEmpty());
}

TEST_F(Remake, DestroyEndsItForGood) {
    const DomainRecord record = driver_domain();
    start();
    Reply reply = answer.reply();
    bool hangs = false;
    reply.progress = [&](const std::string&) { hangs = true; };
    const auto body = [this](xen::Context&, const WorkerSide& side) -> Result<std::string> {
        TRY(side.intent("create"));
        libxl.remove_domain(5);
        libxl.add_domain(6, "ndvm", ndvm_uuid);
        side.progress("here");
        for (;;) ::pause();
    };
    ASSERT_TRUE(manager->remake(record, seconds(60), body, reply));
    until([&] { return hangs; });
    Answer destroyed;
    ASSERT_TRUE(manager->destroy("ndvm", destroyed.reply()));
    EXPECT_EQ(manager->remake(record, seconds(30), makes(7), Reply()).error().code, EBUSY);
    until([&] { return destroyed.result.has_value(); });
    EXPECT_TRUE(*destroyed.result) << destroyed.error();
    EXPECT_FALSE(libxl.has_domain(6));
    EXPECT_FALSE(manager->owns(ndvm_uuid));
    EXPECT_FALSE(journal().find(ndvm_uuid).value());
    EXPECT_THAT(operations(), IsEmpty());
    EXPECT_THAT(keeper.calls, ElementsAre("lives ndvm 5", "gone " + ndvm_uuid));
    EXPECT_FALSE(answer.result) << "the keeper answers its own caller when the domain is gone";
}

TEST_F(Remake, ADestroyThatFailsGivesItBack) {
    const DomainRecord record = driver_domain();
    start();
    bool hangs = false;
    Reply reply = answer.reply();
    reply.progress = [&](const std::string&) { hangs = true; };
    const auto body = [](xen::Context&, const WorkerSide& side) -> Result<std::string> {
        TRY(side.intent("create"));
        side.progress("here");
        for (;;) ::pause();
    };
    ASSERT_TRUE(manager->remake(record, seconds(60), body, reply));
    until([&] { return hangs; });
    libxl.refuse_destroy(true);
    Answer destroyed;
    ASSERT_TRUE(manager->destroy("ndvm", destroyed.reply()));
    until([&] { return destroyed.result.has_value(); });
    EXPECT_FALSE(*destroyed.result);
    answered();
    EXPECT_THAT(answer.error(), HasSubstr("cannot destroy domain 5"));
    EXPECT_TRUE(manager->owns(ndvm_uuid));
    EXPECT_THAT(operations(), IsEmpty());
    libxl.refuse_destroy(false);
    Answer again;
    ASSERT_TRUE(manager->remake(record, seconds(30), makes(7), again.reply()));
    until([&] { return again.result.has_value(); });
    EXPECT_TRUE(*again.result) << again.error();
}

TEST_F(Remake, TheEndOfTheNewDomainIsTheKeepersAgain) {
    const DomainRecord record = driver_domain();
    start();
    keeper.takes = true;
    ASSERT_TRUE(manager->remake(record, seconds(30), makes(5), answer.reply()));
    EXPECT_FALSE(libxl.die(5)) << "the death of the old one is known";
    answered();
    ASSERT_TRUE(*answer.result);
    ASSERT_TRUE(libxl.die(5));
    until([&] { return keeper.calls.back() == "ended ndvm"; });
    EXPECT_TRUE(manager->owns(ndvm_uuid)) << "the keeper brings it back";
    EXPECT_FALSE(libxl.watched(5));
}

// ---- recover() and resume() ----

TEST_F(Recover, ARebirthGoesOnAtItsStepInItsOwnRow) {
    const DomainRecord record = driver_domain();
    ASSERT_TRUE(journal().begin({0, "reincarnate", ndvm_uuid, "ndvm", "connect"}));
    open();
    std::vector<std::string> while_made;
    keeper.on_resume = [&](const DomainRecord& dead) {
        Reply reply = answer.reply();
        reply.progress = [&](const std::string&) { while_made = operations(); };
        ASSERT_TRUE(manager->remake(dead, seconds(30), makes(5, "again"), reply));
    };
    ASSERT_TRUE(manager->recover());
    EXPECT_EQ(keeper.calls.back(), "resume ndvm connect");
    answered();
    EXPECT_TRUE(*answer.result) << answer.error();
    EXPECT_THAT(while_made, ElementsAre("reincarnate again"));
    EXPECT_THAT(operations(), IsEmpty());
    EXPECT_EQ(keeper.calls.back(), "lives ndvm 5");
}

TEST_F(Recover, ARebirthWithoutAKeeperIsTakenBack) {
    driver_domain();
    ASSERT_TRUE(journal().begin({0, "reincarnate", ndvm_uuid, "ndvm", "create"}));
    start(false);
    EXPECT_FALSE(libxl.has_domain(5));
    EXPECT_FALSE(manager->owns(ndvm_uuid));
    EXPECT_FALSE(journal().find(ndvm_uuid).value());
    EXPECT_THAT(operations(), IsEmpty());
}

TEST_F(Recover, ADomainThatWasHalfMadeGoes) {
    libxl.add_domain(6, "web", web_uuid);
    libxl.add_domain(7, "other", other_uuid);
    ASSERT_TRUE(journal().begin({0, "create", web_uuid, "web", ""}));
    start();
    EXPECT_FALSE(libxl.has_domain(6));
    EXPECT_TRUE(libxl.has_domain(7));
    EXPECT_THAT(operations(), IsEmpty());
}

TEST_F(Recover, WhatCannotBeTakenBackStaysForTheNextStart) {
    libxl.add_domain(6, "web", web_uuid);
    ASSERT_TRUE(journal().begin({0, "create", web_uuid, "web", ""}));
    libxl.refuse_destroy(true);
    start();
    EXPECT_THAT(operations(), ElementsAre("create "));
    manager.reset();
    libxl.refuse_destroy(false);
    start();
    EXPECT_FALSE(libxl.has_domain(6));
    EXPECT_THAT(operations(), IsEmpty());
}

TEST_F(Recover, ADestroyIsFinished) {
    libxl.add_domain(6, "web", web_uuid);
    ours(6, "web", web_uuid);
    ASSERT_TRUE(journal().begin({0, "destroy", web_uuid, "web", ""}));
    start();
    EXPECT_FALSE(libxl.has_domain(6));
    EXPECT_FALSE(manager->owns(web_uuid));
    EXPECT_EQ(keeper.calls.back(), "gone " + web_uuid);
    EXPECT_THAT(operations(), IsEmpty());
}

TEST_F(Recover, ARestartIsTakenUpAgainAndOneThatCannotBeIsForgotten) {
    libxl.add_domain(6, "web", web_uuid);
    ours(6, "web", web_uuid); // its kernel is not there
    ASSERT_TRUE(journal().begin({0, "restart", web_uuid, "web", ""}));
    start();
    until([&] { return !manager->owns(web_uuid); });
    idle();
    EXPECT_FALSE(libxl.has_domain(6));
    EXPECT_FALSE(journal().find(web_uuid).value());
    EXPECT_THAT(operations(), IsEmpty());
}

TEST_F(Recover, AVifThatWasComingGoesAndItsDomainStays) {
    libxl.add_domain(6, "web", web_uuid);
    libxl.add_nic(6, 0, "00:16:3e:00:00:01");
    libxl.add_nic(6, 1, "00:16:3e:00:00:02");
    ours(6, "web", web_uuid);
    ASSERT_TRUE(journal().begin({0, "network-attach", web_uuid, "web", "1 00:16:3e:00:00:02"}));
    ASSERT_TRUE(journal().begin({0, "network-attach", web_uuid, "web", "0 00:16:3e:00:00:99"})); // another's by now
    start();
    EXPECT_THAT(libxl.nics(6), ElementsAre(0U));
    EXPECT_TRUE(libxl.has_domain(6));
    EXPECT_TRUE(manager->owns(web_uuid));
    EXPECT_THAT(operations(), IsEmpty());
}

TEST_F(Recover, OneThatEndedMeanwhileIsTheKeepersOrForgotten) {
    ours(5, "ndvm", ndvm_uuid);
    keeper.takes = true;
    start();
    EXPECT_TRUE(manager->owns(ndvm_uuid));
    EXPECT_THAT(keeper.calls, ElementsAre("ended ndvm"));
    EXPECT_EQ(manager->record(ndvm_uuid)->domain, 5U) << "the id that its clients know";
    manager.reset();
    keeper.takes = false;
    start();
    EXPECT_FALSE(manager->owns(ndvm_uuid));
    EXPECT_FALSE(journal().find(ndvm_uuid).value());
}

TEST_F(Recover, AnUnreadablePolicyCostsNoDomain) {
    libxl.add_domain(6, "web", web_uuid);
    DomainRecord record = ours(6, "web", web_uuid);
    record.policy = "{";
    ASSERT_TRUE(journal().end_with_domain(0, record, {}));
    start();
    EXPECT_TRUE(manager->owns(web_uuid));
    EXPECT_EQ(manager->policy(web_uuid)->on_reboot, Policy().on_reboot);
}

// ---- attach_pending() ----

namespace {

// A xenstored in a process of its own: one with threads had better not fork workers.
class XenstoredProcess {
public:
    explicit XenstoredProcess(const std::string& path) {
        int ready[2] = {-1, -1};
        EXPECT_EQ(::pipe(ready), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            test::FakeXenstored xenstored;
            xenstored.listen(path, 0);
            (void)!::write(ready[1], "", 1);
            for (;;) ::pause();
        }
        ::close(ready[1]);
        char byte = 0;
        EXPECT_EQ(::read(ready[0], &byte, 1), 1);
        ::close(ready[0]);
    }
    ~XenstoredProcess() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    XenstoredProcess(const XenstoredProcess&) = delete;
    XenstoredProcess& operator=(const XenstoredProcess&) = delete;

private:
    pid_t pid_ = -1;
};

struct AttachPending : ManagerTest {
    const std::string backend = "/local/domain/5/backend/vif/6/1";
    std::unique_ptr<XenstoredProcess> xenstored;
    std::optional<xen::Store> store;

    void SetUp() override {
        ManagerTest::SetUp();
        xenstored = std::make_unique<XenstoredProcess>(folder + "/xenstored");
        ::setenv("XENSTORED_PATH", (folder + "/xenstored").c_str(), 1);
        store = xen::Store::open().value();
        ASSERT_TRUE(store->write("/local/domain/5/data/bulkhead/state", "ready"));
        // The driver domain's agent, here in the worker's process.
        libxl.plug = [](unsigned client, unsigned devid, unsigned server) {
            xen::Store there = xen::Store::open().value();
            const std::string path = "/local/domain/" + std::to_string(server) + "/backend/vif/" +
                                     std::to_string(client) + "/" + std::to_string(devid);
            EXPECT_TRUE(there.write(path + "/state", "2"));
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
        xenstored.reset();
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

// ---- domains that are kept ----

namespace {

struct Kept : ManagerTest {
    void SetUp() override {
        ManagerTest::SetUp();
        ASSERT_TRUE(write_file_atomic(folder + "/kernel", "kernel"));
    }
    CreateRequest request(const std::string& name) const {
        CreateRequest wanted;
        wanted.config = "name=\"" + name + "\"\nkernel=\"" + folder + "/kernel\"\n";
        wanted.source = name + ".cfg";
        wanted.directory = folder;
        return wanted;
    }
    void keep(const std::string& name) {
        answer = {};
        ASSERT_TRUE(manager->keep_domain(request(name), false, answer.reply()));
        answered();
    }
    void put_image(const std::string& uuid) {
        ASSERT_TRUE(make_directories(folder + "/suspended", 0700));
        ASSERT_TRUE(write_file_atomic(manager->suspended_image(uuid), "an image"));
    }
};

} // namespace

TEST_F(Kept, IsThereUntilItIsDeleted) {
    start();
    keep("web");
    ASSERT_TRUE(*answer.result) << answer.error();
    const KeptDomain web = manager->find_kept("web").value();
    EXPECT_EQ(manager->find_kept(web.uuid).value().name, "web");
    put_image(web.uuid);
    keep("web");
    EXPECT_THAT(answer.error(), HasSubstr("is kept already"));
    ASSERT_TRUE(manager->drop_kept("web"));
    EXPECT_FALSE(exists(manager->suspended_image(web.uuid)));
    EXPECT_THAT(manager->find_kept("web").error().message, HasSubstr("bulkhead new"));
    EXPECT_FALSE(manager->start_kept("web", false, answer.reply()));
}

TEST_F(Kept, ItsFileAndItsNameAreChecked) {
    libxl.add_domain(7, "other", "8f5f4cf0-0000-4000-8000-00000000000a");
    start();
    keep("other");
    EXPECT_THAT(answer.error(), HasSubstr("runs already (id 7)"));
    answer = {};
    CreateRequest broken = request("web");
    broken.config += "memory = many\n";
    ASSERT_TRUE(manager->keep_domain(broken, false, answer.reply()));
    answered();
    EXPECT_THAT(answer.error(), HasSubstr("web.cfg:3"));
    EXPECT_TRUE(manager->kept().value().empty());
}

// It was restored from the image by a daemon that died before it could remove it: its disks have gone on.
TEST_F(Kept, AnImageDoesNotOutliveItsRestoredDomain) {
    libxl.add_domain(6, "web", web_uuid);
    ours(6, "web", web_uuid);
    ASSERT_TRUE(journal().keep({web_uuid, "web", "", "web.cfg", folder, false}));
    open();
    put_image(web_uuid);
    ASSERT_TRUE(manager->recover());
    idle();
    EXPECT_FALSE(exists(manager->suspended_image(web_uuid)));
    EXPECT_THAT(manager->drop_kept("web").error().message, HasSubstr("shutdown -w web"));
}

// The image is whole and has its name, the domain is suspended: the save is finished, and the image stays.
TEST_F(Kept, AnImageThatIsBeingWrittenStays) {
    libxl.add_domain(6, "web", web_uuid);
    ours(6, "web", web_uuid);
    ASSERT_TRUE(journal().keep({web_uuid, "web", "", "web.cfg", folder, false}));
    const std::string image = folder + "/suspended/" + web_uuid;
    ASSERT_TRUE(
        journal().begin({0, "save", web_uuid, "web",
                         nlohmann::json{{"partial", image + ".partial"}, {"file", image}, {"whole", true}}.dump()}));
    open();
    put_image(web_uuid);
    ASSERT_TRUE(manager->recover());
    idle();
    EXPECT_TRUE(exists(image));
    EXPECT_FALSE(manager->find("web"));
    EXPECT_FALSE(manager->owns(web_uuid));
    EXPECT_TRUE(operations().empty());
}
