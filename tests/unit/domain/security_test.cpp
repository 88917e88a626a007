// The mandatory policy in the daemon: what it remembers across daemons, whom it lets start, beside whom.
#include "security_fixture.hpp"

#include <gmock/gmock.h>

using namespace bulkhead;
using namespace bulkhead::domain;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(SecurityTest, WithoutAPolicyEverythingStarts) {
    EXPECT_EQ(security->state(), Security::State::none);
    EXPECT_TRUE(start("a", ""));
    EXPECT_TRUE(start("b", "blue"));
    EXPECT_TRUE(start("c", "red"));
    EXPECT_FALSE(security->types("uuid-a"));
    EXPECT_EQ(audit(), "");
}

TEST_F(SecurityTest, GreenAndRedRunTogetherBlueAndRedDoNot) {
    set(xm_test());
    EXPECT_TRUE(start("g", "green"));
    EXPECT_TRUE(start("r", "red"));
    const Status refused = start("b", "blue");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message,
                HasSubstr("Domain in conflict set with running domains: red and blue exclude each other by rule RER; "
                          "r (red) is running"));
    end("r");
    EXPECT_TRUE(start("b", "blue"));
    EXPECT_THAT(security->types("uuid-b").value().ste, ElementsAre("blue"));
    EXPECT_THAT(audit(), HasSubstr(R"("decision":"deny")"));
}

TEST_F(SecurityTest, AHypervisorThatEnforcesThePolicyHearsWhoRunsBeforeItDoes) {
    set(xm_test());
    std::vector<std::size_t> told; // how many domains there were each time
    Result<bool> answer = true;
    security->set_hypervisor([&](const policy::Host& host) {
        told.push_back(host.domains().size());
        return answer;
    });
    EXPECT_THAT(told, ElementsAre(0));
    auto flight = security->fly("uid 0");
    EXPECT_EQ(ask(create("g", "green"), flight).value().hypervisor_label, "green");
    EXPECT_THAT(told, ElementsAre(0, 1));
    run("g");
    EXPECT_EQ(ask(attach("g", {"vif 0", "", {}, "", {}, ""}), flight).value().hypervisor_label, "") << "it has it";
    EXPECT_THAT(security->relabel("uuid-g", "", "red", running, "uid 0").reason, HasSubstr("until it ends"));
    flight.reset();
    end("g");
    told.clear();
    security->reconcile(running);
    EXPECT_THAT(told, ElementsAre(0));
    answer = fail("no hypercall");
    EXPECT_THAT(start("r", "red").error().message, HasSubstr("no hypercall"));
    answer = false; // another policy
    EXPECT_EQ(ask(create("b", "green"), security->fly("uid 0")).value().hypervisor_label, "");
}

TEST_F(SecurityTest, SaysTheChaptersWords) {
    set(xm_test());
    EXPECT_THAT(start("u", "").error().message, HasSubstr("VM is not authorized to run"));
    EXPECT_THAT(start("x", "black").error().message, HasSubstr("Label 'black' not found"));
    Question other = create("o", "green");
    other.label->policy = "other";
    EXPECT_THAT(ask(other, security->fly("uid 0")).error().message,
                HasSubstr("Active policy 'xm-test' different than what in VM's label ('other')"));
}

TEST_F(SecurityTest, TheWallHoldsWhileACreationIsInFlightAndIsGivenBackWhenItFails) {
    set(xm_test());
    auto flight = security->fly("uid 0");
    ASSERT_TRUE(ask(create("b", "blue"), flight)); // does not run yet
    EXPECT_FALSE(start("r", "red"));
    flight.reset(); // it failed, and Xen knows no such domain
    EXPECT_TRUE(start("r", "red"));
}

TEST_F(SecurityTest, FiftySideBySideDoNotSlipPastEachOther) {
    set(xm_test());
    std::vector<std::shared_ptr<Security::Flight>> flights;
    unsigned red = 0, blue = 0;
    for (int i = 0; i < 50; ++i) {
        flights.push_back(security->fly("uid 0"));
        const bool is_red = i % 2 == 1;
        if (ask(create("d" + std::to_string(i), is_red ? "red" : "blue"), flights.back())) (is_red ? red : blue) += 1;
    }
    EXPECT_EQ(blue, 25U);
    EXPECT_EQ(red, 0U);
}

TEST_F(SecurityTest, ADyingDomainAndOneThatComesBackHoldTheWall) {
    set(xm_test());
    ASSERT_TRUE(start("b", "blue"));
    running.back().dying = true;
    EXPECT_FALSE(start("r", "red"));
    end("b");
    held.insert("uuid-b"); // bulkheadd brings it back
    EXPECT_FALSE(start("r", "red"));
    EXPECT_TRUE(start("b", "blue"));
    held.clear();
    end("b");
    EXPECT_TRUE(start("r", "red"));
}

TEST_F(SecurityTest, RemembersAcrossADaemonsDeath) {
    set(xm_test());
    ASSERT_TRUE(start("b", "blue", {}));
    label(file("disk"), "blue");
    boot();
    ASSERT_EQ(security->state(), Security::State::active);
    EXPECT_FALSE(start("r", "red"));
    EXPECT_EQ(security->types("uuid-b").value().label, "blue");
    EXPECT_EQ(security->resources().size(), 1U);
    ASSERT_TRUE(security->relabel_domain0("SystemManagement", "blue", running, "uid 0").done());
    boot();
    EXPECT_EQ(security->types(domain0_uuid).value().label, "blue");
    ASSERT_TRUE(security->set_permissive(true, "uid 0"));
    boot();
    EXPECT_TRUE(security->permissive());
}

TEST_F(SecurityTest, APolicyThatIsNotTheOneThatWasSetLetsNothingStart) {
    set(xm_test());
    ASSERT_TRUE(journal->database().execute("UPDATE security_policy SET xml = replace(xml, 'RER', 'REX')"));
    boot();
    EXPECT_EQ(security->state(), Security::State::broken);
    const Status refused = start("g", "green");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("its SHA-256 differs"));
    EXPECT_FALSE(security->set_policy(xm_test(), "/p", running, "uid 0", false).done());
    EXPECT_TRUE(security->reset(running, "uid 0").done());
    EXPECT_TRUE(start("g", "green"));
}

TEST_F(SecurityTest, DomainsOfOtherToolstacksCountAsUnlabeled) {
    run("xl");
    const Outcome refused = security->set_policy(xm_test(), "/p", running, "uid 0", false);
    ASSERT_FALSE(refused.done());
    EXPECT_THAT(refused.reason, HasSubstr("does not let unlabeled domains run"));
    end("xl");
    set(xm_test());
    run("late");
    EXPECT_TRUE(start("g", "green"));
    EXPECT_THAT(security->outsiders(), ElementsAre("late"));
    EXPECT_FALSE(security->types("uuid-late"));
}

TEST_F(SecurityTest, DisksNeedTheDomainsType) {
    set(xm_test());
    const std::string blue = file("blue"), plain = file("plain");
    label("file:" + blue, "blue");
    const Status denied = start("r", "red", {disk(blue)});
    ASSERT_FALSE(denied);
    EXPECT_THAT(denied.error().message, HasSubstr("VM's access to block device '" + blue + "' denied"));
    EXPECT_FALSE(start("b", "blue", {disk(plain)})) << "the policy does not let unlabeled ones be used";
    ASSERT_TRUE(start("b", "blue", {disk(blue)}));
    EXPECT_EQ(security->unlabel_resource({"file:" + blue, ResourceKind::file, {}, blue, ""}, "uid 0").code, 17);
    const auto flight = security->fly("uid 0");
    DeviceUse second = disk(plain);
    second.device = "vbd xvdb";
    EXPECT_FALSE(ask(attach("b", second), flight));
    EXPECT_EQ(security->tracked().at("uuid-b").devices.size(), 1U);
}

TEST_F(SecurityTest, AnAttachThatFailsIsForgotten) {
    set(xm_test());
    const std::string blue = file("blue");
    label(blue, "blue");
    ASSERT_TRUE(start("b", "blue"));
    const auto flight = security->fly("uid 0");
    ASSERT_TRUE(ask(attach("b", disk(blue)), flight));
    EXPECT_EQ(security->unlabel_resource({"file:" + blue, ResourceKind::file, {}, blue, ""}, "uid 0").code, 17);
    flight->failed();
    EXPECT_TRUE(security->unlabel_resource({"file:" + blue, ResourceKind::file, {}, blue, ""}, "uid 0").done());
}

TEST_F(SecurityTest, AQuestionAboutLabelsOfBeforeIsAskedAgain) {
    set(xm_test());
    const std::string blue = file("blue");
    const Question question = create("b", "blue", {disk(blue)});
    label(blue, "red");
    const Result<Permit> refused = ask(question, security->fly("uid 0"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, EAGAIN);
}

TEST_F(SecurityTest, AnUpdateWaitsForDomainsAndRenames) {
    set(xm_test());
    const std::string green = file("green"), red = file("red"), blue = file("blue");
    label(green, "green");
    label(red, "red");
    label(blue, "blue");
    ASSERT_TRUE(start("b", "blue"));
    ASSERT_TRUE(start("g", "green", {disk(green)}));
    const Outcome refused = security->set_policy(xm_test_update(), "/u", running, "uid 0", false);
    EXPECT_EQ(refused.code, 24);
    EXPECT_EQ(security->host()->policy()->name(), "xm-test");
    EXPECT_EQ(security->resources().at("file:" + green).label.label, "green");
    end("b");
    EXPECT_TRUE(security->set_policy(xm_test_update(), "/u", running, "uid 0", true).done()) << "only a look";
    EXPECT_EQ(security->host()->policy()->name(), "xm-test");
    set(xm_test_update());
    boot();
    EXPECT_EQ(security->types("uuid-g").value().label, "GREEN");
    EXPECT_EQ(security->resources().at("file:" + green).label,
              (policy::ResourceLabel{"xm-test-update", "GREEN", true}));
    EXPECT_EQ(security->resources().at("file:" + red).label, (policy::ResourceLabel{"xm-test-update", "RED", true}));
    EXPECT_EQ(security->resources().at("file:" + blue).label, (policy::ResourceLabel{"xm-test", "blue", false}));
    EXPECT_FALSE(start("r", "red")) << "green and red exclude each other now";
    end("g");
    EXPECT_THAT(start("r", "red", {disk(blue)}).error().message,
                HasSubstr("Unknown policy type 'INV_ACM' in label for resource"));
    EXPECT_TRUE(start("g", "green", {disk(green)})) << "its configuration has the label's old name";
    end("g");
    EXPECT_EQ(security->set_policy(xm_test_update(), "/u", running, "uid 0", false).code, 19);
    EXPECT_EQ(security->set_policy("<x/>", "/u", running, "uid 0", false).code, 3);
    ASSERT_TRUE(start("r", "red"));
    EXPECT_EQ(security->reset(running, "uid 0").code, 24);
    end("r");
    ASSERT_TRUE(security->reset(running, "uid 0").done());
    EXPECT_FALSE(security->resources().at("file:" + green).label.valid);
}

TEST_F(SecurityTest, Domain0MustHaveTheTypesOfAllThatRuns) {
    set(xm_test());
    ASSERT_TRUE(start("b", "blue"));
    EXPECT_TRUE(security->relabel_domain0("SystemManagement", "blue", running, "uid 0").done());
    EXPECT_EQ(security->relabel_domain0("", "red", running, "uid 0").code, 24);
    EXPECT_EQ(security->relabel_domain0("red", "SystemManagement", running, "uid 0").code, 20);
    EXPECT_THAT(start("g", "green").error().message, HasSubstr("VM is not authorized to run"));
    EXPECT_TRUE(security->relabel_domain0("blue", "SystemManagement", running, "uid 0").done());
}

TEST_F(SecurityTest, ARunningDomainIsRelabelledIfItsResourcesAndTheWallAllowIt) {
    set(xm_test());
    const std::string green = file("green");
    label(green, "green");
    ASSERT_TRUE(start("g", "green", {disk(green)}));
    ASSERT_TRUE(start("b", "blue"));
    EXPECT_EQ(security->relabel("uuid-b", "", "red", running, "uid 0").code, 0) << "it does not exclude itself";
    EXPECT_EQ(security->relabel("uuid-b", "green", "blue", running, "uid 0").code, 20);
    EXPECT_EQ(security->relabel("uuid-g", "", "red", running, "uid 0").code, 23);
    EXPECT_EQ(security->relabel("uuid-g", "", "blue", running, "uid 0").code, 27);
    EXPECT_EQ(security->relabel("uuid-g", "", "black", running, "uid 0").code, 20);
    EXPECT_EQ(security->relabel("uuid-g", "", "", running, "uid 0").code, 21);
    EXPECT_EQ(security->types("uuid-g").value().label, "green");
}

TEST_F(SecurityTest, PermissiveLogsAndLetsPass) {
    set(xm_test());
    ASSERT_TRUE(security->set_permissive(true, "uid 0"));
    ASSERT_TRUE(start("b", "blue"));
    ASSERT_TRUE(start("r", "red"));
    EXPECT_THAT(audit(), HasSubstr(R"("decision":"would deny")"));
    ASSERT_TRUE(security->set_permissive(false, "uid 0"));
    EXPECT_FALSE(start("r2", "red")) << "blue runs";
}

TEST_F(SecurityTest, WhatXenKeepsOfADomainKeepsItsLabel) {
    set(xm_test());
    ASSERT_TRUE(start("b", "blue"));
    security->reconcile(running);
    running.back().uuid = "uuid-kept"; // xen::preserve_domain()
    running.back().name = "b-20260101T0000Z";
    EXPECT_FALSE(start("r", "red"));
    EXPECT_EQ(security->types("uuid-kept").value().label, "blue");
}

TEST_F(SecurityTest, NumbersLabelsAsXendDid) {
    set(xm_test());
    const policy::Policy& policy = *security->host()->policy();
    EXPECT_EQ(ssidref(policy, "SystemManagement"), 0x00010001U);
    EXPECT_EQ(ssidref(policy, "blue"), 0x00020002U);
    EXPECT_EQ(ssidref(policy, "red"), 0x00040004U);
    EXPECT_EQ(ssidref(policy, "__UNLABELED__"), 0U);
}

TEST_F(SecurityTest, TheLogIsBounded) {
    Audit audit(folder + "/small.log");
    AuditEntry entry;
    entry.reason = std::string(64 << 10, 'x');
    for (std::size_t i = 0; i < 3 * Audit::size_max / entry.reason.size(); ++i) audit.write(entry);
    EXPECT_LE(std::filesystem::file_size(folder + "/small.log"), Audit::size_max);
    EXPECT_LE(std::filesystem::file_size(folder + "/small.log.1"), Audit::size_max);
}
