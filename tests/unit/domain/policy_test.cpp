#include "domain/policy.hpp"

#include <gtest/gtest.h>

using namespace bulkhead;
using namespace bulkhead::domain;
using xen::OnShutdown;

TEST(Policy, SurvivesTheJournal) {
    xen::DomainSpec spec;
    spec.on_crash = OnShutdown::coredump_restart;
    spec.on_reboot = OnShutdown::rename_restart;
    spec.driver_domain = true;
    spec.supervise = "reincarnate";
    spec.heartbeat_timeout = 7;
    const auto policy = parse_policy(print_policy(policy_of(spec)));
    ASSERT_TRUE(policy);
    EXPECT_EQ(policy->on_crash, OnShutdown::coredump_restart);
    EXPECT_EQ(policy->on_reboot, OnShutdown::rename_restart);
    EXPECT_EQ(policy->on_soft_reset, OnShutdown::soft_reset);
    EXPECT_TRUE(policy->driver_domain);
    EXPECT_EQ(policy->supervise, "reincarnate");
    EXPECT_EQ(policy->heartbeat_timeout, 7);
}

TEST(Policy, ActionByReason) {
    Policy policy;
    EXPECT_EQ(policy.action(0), OnShutdown::destroy);
    EXPECT_EQ(policy.action(1), OnShutdown::restart);
    EXPECT_EQ(policy.action(2), std::nullopt); // suspended: its saver acts
    policy.on_crash = OnShutdown::preserve;
    EXPECT_EQ(policy.action(3), OnShutdown::preserve);
    EXPECT_EQ(policy.action(99), OnShutdown::preserve);
    EXPECT_STREQ(reason_name(3), "crash");
    EXPECT_STREQ(reason_name(99), "unknown");
}

TEST(Policy, GarbageIsRefused) {
    for (const char* text : {"", "[]", "{", "{\"on_crash\":3}", "{\"driver_domain\":\"x\"}"})
        EXPECT_FALSE(parse_policy(text)) << text;
    EXPECT_TRUE(parse_policy("{}"));
}
