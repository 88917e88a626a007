#include "domain/policy.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead::domain {
namespace {

using xen::OnShutdown;

constexpr const char* names[] = {"destroy",          "restart",          "rename-restart", "preserve",
                                 "coredump-destroy", "coredump-restart", "soft-reset"};

OnShutdown action_from(const nlohmann::json& object, const char* key, OnShutdown otherwise) {
    const std::string name = object.value(key, "");
    for (int i = 0; i < static_cast<int>(std::size(names)); ++i) {
        if (name == names[i]) return static_cast<OnShutdown>(i);
    }
    return otherwise;
}

} // namespace

const char* action_name(OnShutdown action) {
    return names[static_cast<int>(action)];
}

const char* reason_name(int reason) {
    constexpr const char* reasons[] = {"poweroff", "reboot", "suspend", "crash", "watchdog", "soft-reset"};
    return reason >= 0 && reason < static_cast<int>(std::size(reasons)) ? reasons[reason] : "unknown";
}

std::optional<OnShutdown> Policy::action(int reason) const {
    switch (reason) {
    case 0:
        return on_poweroff;
    case 1:
        return on_reboot;
    case 2:
        return std::nullopt;
    case 4:
        return on_watchdog;
    case 5:
        return on_soft_reset;
    default: // 3 is a crash; a reason that Xen has learnt since is treated as one
        return on_crash;
    }
}

Policy policy_of(const xen::DomainSpec& spec) {
    Policy policy;
    policy.on_poweroff = spec.on_poweroff;
    policy.on_reboot = spec.on_reboot;
    policy.on_watchdog = spec.on_watchdog;
    policy.on_crash = spec.on_crash;
    policy.on_soft_reset = spec.on_soft_reset;
    policy.driver_domain = spec.driver_domain.value_or(false);
    policy.supervise = spec.supervise;
    policy.heartbeat_timeout = spec.heartbeat_timeout.value_or(0);
    policy.spare = spec.spare.value_or(true);
    return policy;
}

std::string print_policy(const Policy& policy) {
    return nlohmann::json{{"on_poweroff", action_name(policy.on_poweroff)},
                          {"on_reboot", action_name(policy.on_reboot)},
                          {"on_watchdog", action_name(policy.on_watchdog)},
                          {"on_crash", action_name(policy.on_crash)},
                          {"on_soft_reset", action_name(policy.on_soft_reset)},
                          {"driver_domain", policy.driver_domain},
                          {"supervise", policy.supervise},
                          {"heartbeat_timeout", policy.heartbeat_timeout},
                          {"spare", policy.spare}}
        .dump();
}

Result<Policy> parse_policy(std::string_view json) {
    const nlohmann::json object = nlohmann::json::parse(json, nullptr, false);
    if (!object.is_object()) return fail("a domain's stored policy is not readable");
    Policy policy;
    try {
        policy.on_poweroff = action_from(object, "on_poweroff", policy.on_poweroff);
        policy.on_reboot = action_from(object, "on_reboot", policy.on_reboot);
        policy.on_watchdog = action_from(object, "on_watchdog", policy.on_watchdog);
        policy.on_crash = action_from(object, "on_crash", policy.on_crash);
        policy.on_soft_reset = action_from(object, "on_soft_reset", policy.on_soft_reset);
        policy.driver_domain = object.value("driver_domain", false);
        policy.supervise = object.value("supervise", "");
        policy.heartbeat_timeout = object.value("heartbeat_timeout", 0L);
        policy.spare = object.value("spare", true);
    } catch (const nlohmann::json::exception& error) {
        return fail(std::string("a domain's stored policy is not readable: ") + error.what());
    }
    return policy;
}

} // namespace bulkhead::domain
