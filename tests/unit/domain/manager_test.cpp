// Manager: remake(), and what is left by a daemon before us.
#include "manager_fixture.hpp"

#include <cerrno>
#include <csignal>
#include <gmock/gmock.h>

using namespace bulkhead;
using namespace bulkhead::domain;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Remake = ManagerTest;
using Recover = ManagerTest;

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
    ASSERT_TRUE(journal().begin({0, "restart", web_uuid, "web", "configuration is written down"}));
    start();
    until([&] { return !manager->owns(web_uuid); });
    idle();
    EXPECT_FALSE(libxl.has_domain(6));
    EXPECT_FALSE(journal().find(web_uuid).value());
    EXPECT_THAT(operations(), IsEmpty());
}

// Its devices were not looked at yet: its end, which libxl tells again, restarts it with all of them.
TEST_F(Recover, ARestartThatHadNotBegunIsLeftToTheDomainsEnd) {
    libxl.add_domain(6, "web", web_uuid);
    ours(6, "web", web_uuid);
    ASSERT_TRUE(journal().begin({0, "restart", web_uuid, "web", ""}));
    start();
    EXPECT_TRUE(manager->owns(web_uuid));
    EXPECT_TRUE(libxl.has_domain(6));
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

// libxl tells of what ends while it is watched. A domain that reboots right after it was resumed has ended before.
TEST_F(Recover, AnEndThatWasBeforeTheWatchIsSeen) {
    libxl.add_domain(6, "web", web_uuid);
    libxl.shut_down(6, 0);
    ours(6, "web", web_uuid);
    libxl.add_domain(7, "other", other_uuid);
    libxl.shut_down(7, 2); // suspended: it may go on
    ours(7, "other", other_uuid);
    start();
    until([&] { return !manager->owns(web_uuid); });
    idle();
    EXPECT_FALSE(libxl.has_domain(6));
    EXPECT_TRUE(libxl.has_domain(7));
    EXPECT_TRUE(manager->owns(other_uuid));
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
