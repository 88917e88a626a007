// What strangers put before the agent: paths of watch events, the kernel command line, uevents, /proc/meminfo.
#include "agent/backend_path.hpp"
#include "agent/device_events.hpp"
#include "agent/publisher.hpp"
#include "agent/settings.hpp"
#include "agent/sysfs.hpp"
#include "agent/vif_plan.hpp"
#include "check.hpp"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const agent::BackendEvent event = agent::parse_backend_event(text);
    if (event.scope == agent::BackendEvent::Scope::vif) {
        check(text.starts_with(event.vif.path()));
        check(net::valid_link_name(event.vif.link_name(event.vif.device)));
    }
    const agent::Settings settings = agent::parse_settings(text);
    check(net::valid_link_name(settings.bridge) && settings.heartbeat.count() > 0);
    (void)agent::parse_device_event(text);
    (void)agent::meminfo_kib(text, "MemTotal");
    (void)agent::parse_state(text);
    check(agent::pci_address_in(text).size() % 12 == 0);

    // The same bytes as every text that a backend directory holds: a plan never asks for an impossible link.
    agent::VifLinks links;
    links.kernel_name = "vif1.0";
    links.device.name = "vif1.0";
    links.bridge.emplace();
    links.bridge->kind = "bridge";
    for (const agent::VifRequest& request :
         {agent::VifRequest{text, "", ""}, agent::VifRequest{"", text, ""}, agent::VifRequest{"", "", text}}) {
        const agent::VifPlan plan = agent::plan_vif(request, links, "xenbr0");
        if (!plan.refusal.empty()) continue;
        check(plan.mtu >= 68 && plan.mtu <= 65535);
        if (plan.change && plan.change->name) check(net::valid_link_name(*plan.change->name));
    }
    return 0;
}
