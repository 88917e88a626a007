#include "driverdomain/detail.hpp"
#include "driverdomain/supervisor.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace bulkhead;
using namespace bulkhead::driverdomain;

namespace {

xen::DomainEvent shut_down(int reason) {
    return {xen::DomainEventKind::shut_down, 5, reason};
}

} // namespace

TEST(Supervision, IsForDriverDomainsAndOnUnlessSaidOtherwise) {
    domain::Policy policy;
    EXPECT_EQ(supervision(policy), "none");
    policy.supervise = "reincarnate";
    EXPECT_EQ(supervision(policy), "none");
    policy.driver_domain = true;
    for (const char* said : {"reincarnate", "restart", "none"}) {
        policy.supervise = said;
        EXPECT_EQ(supervision(policy), said);
    }
    policy.supervise.clear();
    EXPECT_EQ(supervision(policy), "reincarnate");
}

TEST(IsDeath, EveryEndButASuspendAndAPowerOff) {
    const domain::Policy policy;
    EXPECT_TRUE(is_death(policy, {xen::DomainEventKind::died, 5, -1}));
    const bool deaths[] = {false, true, false, true, true, true}; // poweroff, reboot, suspend, crash, watchdog, soft
    for (int reason = 0; reason < 6; ++reason) EXPECT_EQ(is_death(policy, shut_down(reason)), deaths[reason]) << reason;
    EXPECT_TRUE(is_death(policy, shut_down(255))); // unknown
}

TEST(IsDeath, APowerOffOnlyWhenItsFileSaysRestart) {
    using xen::OnShutdown;
    domain::Policy policy;
    for (const OnShutdown action : {OnShutdown::restart, OnShutdown::coredump_restart, OnShutdown::rename_restart}) {
        policy.on_poweroff = action;
        EXPECT_TRUE(is_death(policy, shut_down(0)));
    }
    for (const OnShutdown action : {OnShutdown::destroy, OnShutdown::preserve, OnShutdown::coredump_destroy}) {
        policy.on_poweroff = action;
        EXPECT_FALSE(is_death(policy, shut_down(0)));
    }
}

TEST(Step, UnknownTextStartsFromTheBeginning) {
    for (const Step step : {Step::destroy, Step::create, Step::connect}) EXPECT_EQ(parse_step(step_name(step)), step);
    for (const char* odd : {"", "Connect", "connect ", "later"}) EXPECT_EQ(parse_step(odd), Step::destroy);
}

TEST(Detail, IsReadAsItWasWritten) {
    for (const Step step : {Step::destroy, Step::create, Step::connect}) {
        for (const std::optional<std::string>& config :
             {std::optional<std::string>(), std::optional<std::string>("name=\"a\"\nmemory=64\n")}) {
            const RebirthDetail detail = parse_detail(print_detail({step, config}));
            EXPECT_EQ(detail.step, step);
            EXPECT_EQ(detail.config, config);
        }
    }
}

TEST(Detail, WhatIsDamagedStartsFromTheBeginning) {
    for (const char* text : {"", "null", "[]", "{\"step\":", "{\"step\":1}", "{\"step\":\"later\",\"config\":{}}"}) {
        const RebirthDetail detail = parse_detail(text);
        EXPECT_EQ(detail.step, Step::destroy) << text;
        EXPECT_FALSE(detail.config) << text;
    }
}

TEST(Print, HistoryIsJsonWhateverTheDetailIs) {
    using nlohmann::json;
    EXPECT_EQ(json::parse(Supervisor::print({7, 8, "u", "ndvm", "died", R"({"cause":"crash"})"})),
              json({{"id", 7},
                    {"at", 8},
                    {"uuid", "u"},
                    {"name", "ndvm"},
                    {"event", "died"},
                    {"detail", {{"cause", "crash"}}}}));
    const json damaged = json::parse(Supervisor::print({7, 8, "u", "ndvm", "died", "{\"cause\":"}), nullptr, false);
    ASSERT_TRUE(damaged.is_object());
    EXPECT_EQ(damaged["detail"], "{\"cause\":");
}
