#include "driverdomain/report.hpp"

#include "base/json.hpp"
#include "domain/capacity.hpp"
#include "xen/domain.hpp"
#include "xen/quota.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bulkhead::driverdomain {
namespace {

using nlohmann::json;

const char* outcome_name(VifOutcome outcome) {
    constexpr const char* names[] = {"connected", "waiting", "gone", "refused"};
    return names[static_cast<int>(outcome)];
}

json describe(const VifReport& report) {
    json object = {{"vif", report.vif.name()},
                   {"client", report.vif.client},
                   {"devid", report.vif.devid},
                   {"mac", report.vif.node("mac")},
                   {"bridge", report.vif.node("bridge")},
                   {"queues", report.queues},
                   {"state", outcome_name(report.outcome)}};
    if (!report.reason.empty()) object["reason"] = report.reason;
    return object;
}

} // namespace

std::string print_report(const RebirthReport& report) {
    json steps = json::object();
    // A step may have been done twice: a spare that could not be completed, then a boot.
    for (const StepTime& step : report.steps) steps[step.step] = steps.value(step.step, 0L) + step.took.count();
    json vifs = json::array();
    for (const VifReport& vif : report.vifs) vifs.push_back(describe(vif));
    return json_line({{"id", report.domain},
                      {"policy", report.policy},
                      {"from_spare", report.from_spare},
                      {"blocked_dma", report.blocked_dma},
                      {"pending", domain::describe(report.pending)},
                      {"steps", steps},
                      {"vifs", vifs}});
}

Result<std::string> print_clients(xen::Context& xen, unsigned server) {
    xen::Store store = TRY(xen::Store::open());
    const auto domains = TRY(xen::list_domains(xen));
    json vifs = json::array();
    unsigned queues = 0;
    for (const ClientVif& vif : TRY(client_vifs(store, server))) {
        const VifReport report = TRY(look(store, vif));
        queues += report.queues;
        json object = describe(report);
        const auto found =
            std::find_if(domains.begin(), domains.end(), [&](const auto& d) { return d.id == vif.client; });
        if (found != domains.end()) object["client_name"] = found->name;
        vifs.push_back(std::move(object));
    }
    json quota = json::object();
    const xen::Quota now = TRY(xen::quota_of(store, server));
    if (now.nodes) quota["nodes"] = {{"used", now.nodes->used}, {"limit", now.nodes->limit}};
    if (now.watches) quota["watches"] = {{"used", now.watches->used}, {"limit", now.watches->limit}};
    // libxl does not know a domain that is down.
    const unsigned by_xen = domain::room(domain::xen_limits(xen::domain_config(xen, server).value_or("")), queues);
    quota["room_for_vifs"] = std::min(domain::room(now).value_or(by_xen), by_xen);
    return json_line({{"vifs", vifs}, {"quota", quota}});
}

} // namespace bulkhead::driverdomain
