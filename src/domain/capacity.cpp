#include "domain/capacity.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bulkhead::domain {
namespace {

constexpr unsigned mappings_per_frame = 256; // 4096 / sizeof(struct grant_mapping), grant_table.c
constexpr unsigned own_channels = 48;        // timers and IPIs of some processors, console, xenstore, PCI devices

void limit(const nlohmann::json& build, const char* key, unsigned& value) {
    const auto found = build.find(key);
    if (found != build.end() && found->is_number_unsigned() && *found != 0) value = found->get<unsigned>();
}

} // namespace

XenLimits xen_limits(std::string_view config_json) {
    XenLimits limits;
    const auto config = nlohmann::json::parse(config_json, nullptr, false);
    if (!config.is_object() || !config.contains("b_info") || !config["b_info"].is_object()) return limits;
    limit(config["b_info"], "event_channels", limits.event_channels);
    limit(config["b_info"], "max_maptrack_frames", limits.maptrack_frames);
    return limits;
}

std::optional<unsigned> room(const xen::Quota& quota) {
    std::optional<unsigned> left;
    const auto consider = [&left](const std::optional<xen::Use>& use, unsigned each) {
        if (!use) return;
        const unsigned fit = use->used < use->limit ? (use->limit - use->used) / each : 0;
        left = std::min(left.value_or(fit), fit);
    };
    consider(quota.nodes, nodes_per_vif);
    consider(quota.watches, watches_per_vif);
    return left;
}

unsigned room(const XenLimits& limits, unsigned queues) {
    const unsigned channels = limits.event_channels - std::min(own_channels, limits.event_channels);
    const std::uint64_t mappings = std::uint64_t{limits.maptrack_frames} * mappings_per_frame;
    const auto all = std::min<std::uint64_t>(channels / channels_per_queue, mappings / mappings_per_queue);
    return static_cast<unsigned>(all - std::min<std::uint64_t>(queues, all));
}

} // namespace bulkhead::domain
