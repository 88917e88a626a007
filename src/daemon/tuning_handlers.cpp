// Processors, memory and schedulers.
#include "daemon/arguments.hpp"
#include "daemon/handlers.hpp"

#include "base/memory_size.hpp"
#include "base/text.hpp"
#include "domain/create.hpp"
#include "xen/cpupool.hpp"
#include "xen/host.hpp"
#include "xen/memory.hpp"
#include "xen/scheduler.hpp"
#include "xen/vcpu.hpp"

#include <algorithm>
#include <cerrno>

namespace bulkhead::daemon {
namespace {

constexpr seconds tuning_deadline{30};

// ---- virtual processors ----

json describe(const xen::DomainInfo& domain, const xen::VcpuInfo& vcpu) {
    json object = {{"name", domain.name},
                   {"id", domain.id},
                   {"vcpu", vcpu.vcpu},
                   {"online", vcpu.online},
                   {"running", vcpu.running},
                   {"blocked", vcpu.blocked},
                   {"time_ns", vcpu.time_ns},
                   {"hard_affinity", cpu_set_text(vcpu.hard)},
                   {"soft_affinity", cpu_set_text(vcpu.soft)}};
    if (vcpu.online) object["cpu"] = vcpu.cpu;
    return object;
}

Status vcpu_list(Manager& manager, const CallPointer& call) {
    std::vector<xen::DomainInfo> domains;
    const auto wanted = TRY(Arguments(*call).texts("domains"));
    for (const std::string& name : wanted) domains.push_back(TRY(manager.find(name)));
    if (wanted.empty()) domains = TRY(manager.list());
    const auto body = [domains, all = wanted.empty()](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        const std::size_t cpus = TRY(xen::cpu_numbers(xen));
        json list = json::array();
        for (const xen::DomainInfo& domain : domains) {
            const auto vcpus = xen::list_vcpus(xen, domain.id, cpus);
            if (!vcpus && all) continue; // it ended meanwhile
            if (!vcpus) return tl::unexpected(vcpus.error());
            for (const xen::VcpuInfo& vcpu : *vcpus) list.push_back(describe(domain, vcpu));
        }
        return json_line({{"vcpus", list}});
    };
    return run_while_connected(manager, call, manager.run("vcpu-list", query_deadline, body, reply_to(call)));
}

Status vcpu_set(Manager& manager, const CallPointer& call) {
    constexpr long most = 8192; // Xen's MAX_VIRT_CPUS for PV
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    const auto count = TRY(arguments.number("count", "the number of virtual processors", 1, most));
    if (!count) return fail("argument 'count' is missing");
    const bool ignore_host = TRY(arguments.flag("ignore_host"));
    const auto body = [=, wanted = static_cast<unsigned>(*count)](xen::Context& xen,
                                                                  const WorkerSide&) -> Result<std::string> {
        const std::size_t cpus = TRY(xen::cpu_numbers(xen));
        if (!ignore_host && wanted > domain.vcpus && wanted > cpus) {
            return fail("this host has " + std::to_string(cpus) + " processors, fewer than the " +
                            std::to_string(wanted) + " virtual ones; --ignore-host allows it",
                        EINVAL);
        }
        TRY(xen::set_vcpus(xen, domain.id, wanted));
        return std::string("{}");
    };
    TRY(manager.run("vcpu-set " + domain.name, tuning_deadline, body, reply_to(call)));
    return {};
}

// xl.conf's, of which the domain's type has two.
Status apply_cpu_masks(xen::Context& xen, const std::string& type, CpuSet& cpus) {
    const xen::HostDefaults host = TRY(domain::host_settings()).host;
    for (const std::string& mask : {host.cpu_mask, type == "pv" ? host.pv_cpu_mask : host.hvm_cpu_mask}) {
        if (mask.empty()) continue;
        const CpuSet allowed = TRY(context(xen::read_cpu_set(xen, mask), "cpumask of xl.conf"));
        for (std::size_t cpu = 0; cpu < cpus.size(); ++cpu) cpus[cpu] = cpus[cpu] && allowed.at(cpu);
    }
    if (std::find(cpus.begin(), cpus.end(), true) == cpus.end())
        return fail(
            "the cpumasks of xl.conf leave none of these processors; --ignore-global-affinity-masks does without",
            EINVAL);
    return {};
}

Status vcpu_pin(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    const std::string vcpu = TRY(arguments.needed_text("vcpu"));
    const std::string hard = TRY(arguments.needed_text("hard"));
    const std::string soft = TRY(arguments.text("soft"));
    const bool force = TRY(arguments.flag("force"));
    const bool ignore_masks = TRY(arguments.flag("ignore_masks"));
    const auto number = parse_unsigned(vcpu, UINT16_MAX);
    if (!number && vcpu != "all")
        return fail("'" + printable(vcpu, 64) + "' is no virtual processor: write its number or all", EINVAL);
    if (!number && force) return fail("--force needs the number of one virtual processor, not all", EINVAL);
    const auto body = [=](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        std::optional<CpuSet> hard_set, soft_set;
        if (hard != "-") hard_set = TRY(context(xen::read_cpu_set(xen, hard), "hard affinity"));
        if (hard_set && !ignore_masks) TRY(apply_cpu_masks(xen, domain.type, *hard_set));
        if (!soft.empty() && soft != "-") soft_set = TRY(context(xen::read_cpu_set(xen, soft), "soft affinity"));
        const auto one = number ? std::optional<unsigned>(static_cast<unsigned>(*number)) : std::nullopt;
        TRY(xen::pin_vcpu(xen, domain.id, one, hard_set ? &*hard_set : nullptr, soft_set ? &*soft_set : nullptr,
                          force));
        return std::string("{}");
    };
    TRY(manager.run("vcpu-pin " + domain.name, tuning_deadline, body, reply_to(call)));
    return {};
}

// ---- memory ----

Status set_memory(Manager& manager, const CallPointer& call, bool most) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    const std::uint64_t kib = TRY(parse_memory_kib(TRY(arguments.needed_text("memory"))));
    const auto body = [=, id = domain.id](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        TRY(most ? xen::set_memory_max(xen, id, kib) : xen::set_memory_target(xen, id, kib));
        return json_line({{"memory_kib", kib}});
    };
    TRY(manager.run((most ? "mem-max " : "mem-set ") + domain.name, tuning_deadline, body, reply_to(call)));
    return {};
}

Status mem_set(Manager& manager, const CallPointer& call) {
    return set_memory(manager, call, false);
}

Status mem_max(Manager& manager, const CallPointer& call) {
    return set_memory(manager, call, true);
}

// ---- schedulers ----

json describe(const xen::CpuPool& pool, const xen::SchedulerParameters& parameters) {
    json object = {{"pool", pool.name}, {"pool_id", pool.id}};
    if (parameters.tslice_ms) object["tslice_ms"] = *parameters.tslice_ms;
    if (parameters.ratelimit_us) object["ratelimit_us"] = *parameters.ratelimit_us;
    if (parameters.migration_delay_us) object["migration_delay_us"] = *parameters.migration_delay_us;
    return object;
}

json describe(const xen::DomainInfo& domain, const xen::Share& share) {
    return {{"name", domain.name}, {"id", domain.id}, {"weight", share.weight}, {"cap", share.cap}};
}

// The pools of this scheduler, or the one that is wanted, with their domains.
Result<std::string> list_shares(xen::Context& xen, xen::Scheduler scheduler, const std::string& wanted) {
    std::vector<xen::CpuPool> pools;
    if (wanted.empty()) {
        pools = TRY(xen::list_cpupools(xen));
        std::erase_if(pools, [&](const auto& pool) { return pool.scheduler != xen::scheduler_name(scheduler); });
    } else {
        pools.push_back(TRY(xen::find_cpupool(xen, wanted)));
    }
    const auto domains = TRY(xen::list_domains(xen));
    json list = json::array();
    for (const xen::CpuPool& pool : pools) {
        json object = describe(pool, TRY(xen::scheduler_parameters(xen, pool.id, scheduler)));
        json rows = json::array();
        for (const xen::DomainInfo& domain : domains) {
            const auto in = xen::cpupool_of(xen, domain.id);
            if (!in || in->id != pool.id) continue; // it may have ended meanwhile
            const auto share = xen::domain_share(xen, domain.id, scheduler);
            if (share) rows.push_back(describe(domain, *share));
        }
        object["domains"] = std::move(rows);
        list.push_back(std::move(object));
    }
    return json_line({{"pools", list}});
}

struct SchedulerRequest {
    xen::Scheduler scheduler{};
    std::optional<xen::DomainInfo> domain;
    std::optional<int> weight, cap;
    std::string pool; // "": all; with `parameters`: pool 0
    bool of_pool = false;
    xen::SchedulerParameters parameters;
    [[nodiscard]] bool sets_domain() const { return weight || cap; }
    [[nodiscard]] bool sets_pool() const {
        return parameters.tslice_ms || parameters.ratelimit_us || parameters.migration_delay_us;
    }
};

Result<std::optional<int>> narrow(Result<std::optional<long>> number) {
    if (!number) return tl::unexpected(number.error());
    return *number ? std::optional<int>(static_cast<int>(**number)) : std::nullopt;
}

Result<SchedulerRequest> scheduler_request(Manager& manager, const Arguments& arguments, xen::Scheduler scheduler) {
    constexpr long cap_max = 100L * 8192; // libxl knows the domain's own limit
    SchedulerRequest request;
    request.scheduler = scheduler;
    if (!TRY(arguments.text("domain")).empty()) request.domain = TRY(arguments.domain(manager));
    request.weight = TRY(narrow(arguments.number("weight", "the weight", 1, xen::weight_max)));
    request.cap = TRY(narrow(arguments.number("cap", "the cap (per cent of one processor; 0: none)", 0, cap_max)));
    request.pool = TRY(arguments.text("pool"));
    request.of_pool = TRY(arguments.flag("schedparam"));
    xen::SchedulerParameters& wanted = request.parameters;
    wanted.tslice_ms = TRY(narrow(arguments.number("tslice_ms", "the time slice in ms", 1, xen::tslice_ms_max)));
    wanted.ratelimit_us =
        TRY(narrow(arguments.number("ratelimit_us", "the rate limit in us", 0, xen::ratelimit_us_max)));
    if (wanted.ratelimit_us && *wanted.ratelimit_us != 0 && *wanted.ratelimit_us < xen::ratelimit_us_min) {
        return fail("the rate limit must be 0 (none) or " + std::to_string(xen::ratelimit_us_min) + " to " +
                        std::to_string(xen::ratelimit_us_max) + " us",
                    EINVAL);
    }
    wanted.migration_delay_us = TRY(
        narrow(arguments.number("migration_delay_us", "the migration delay in us", 0, xen::migration_delay_us_max)));
    if (request.sets_domain() && !request.domain) return fail("argument 'domain' is missing");
    return request;
}

Result<std::string> carry_out(xen::Context& xen, const SchedulerRequest& request) {
    const xen::Scheduler scheduler = request.scheduler;
    if (request.of_pool) {
        const xen::CpuPool pool = TRY(xen::find_cpupool(xen, request.pool.empty() ? "0" : request.pool));
        if (request.sets_pool()) TRY(xen::set_scheduler_parameters(xen, pool.id, scheduler, request.parameters));
        const json now = describe(pool, TRY(xen::scheduler_parameters(xen, pool.id, scheduler)));
        return json_line({{"pools", json::array({now})}});
    }
    if (!request.domain) return list_shares(xen, scheduler, request.pool);
    if (request.sets_domain())
        TRY(xen::set_domain_share(xen, request.domain->id, scheduler, request.weight, request.cap));
    const json now = describe(*request.domain, TRY(xen::domain_share(xen, request.domain->id, scheduler)));
    return json_line({{"domains", json::array({now})}});
}

// "sched-credit-set" and its like are rows of their own, because not everybody may call them.
Status schedule(Manager& manager, const CallPointer& call, xen::Scheduler scheduler, bool change) {
    const SchedulerRequest request = TRY(scheduler_request(manager, Arguments(*call), scheduler));
    if (!change && (request.sets_domain() || request.sets_pool()))
        return fail("this verb changes nothing; use " + call->request.verb + "-set", EINVAL);
    const auto body = [request](xen::Context& xen, const WorkerSide&) { return carry_out(xen, request); };
    auto started = manager.run(call->request.verb, change ? tuning_deadline : query_deadline, body, reply_to(call));
    if (!change) return run_while_connected(manager, call, std::move(started));
    TRY(std::move(started));
    return {};
}

Status sched_credit(Manager& manager, const CallPointer& call) {
    return schedule(manager, call, xen::Scheduler::credit, false);
}

Status sched_credit_set(Manager& manager, const CallPointer& call) {
    return schedule(manager, call, xen::Scheduler::credit, true);
}

Status sched_credit2(Manager& manager, const CallPointer& call) {
    return schedule(manager, call, xen::Scheduler::credit2, false);
}

Status sched_credit2_set(Manager& manager, const CallPointer& call) {
    return schedule(manager, call, xen::Scheduler::credit2, true);
}

} // namespace

const std::vector<Verb>& tuning_verbs() {
    static const std::vector<Verb> verbs = {{"vcpu-list", true, vcpu_list},
                                            {"vcpu-set", false, vcpu_set},
                                            {"vcpu-pin", false, vcpu_pin},
                                            {"mem-set", false, mem_set},
                                            {"mem-max", false, mem_max},
                                            {"sched-credit", true, sched_credit},
                                            {"sched-credit-set", false, sched_credit_set},
                                            {"sched-credit2", true, sched_credit2},
                                            {"sched-credit2-set", false, sched_credit2_set}};
    return verbs;
}

} // namespace bulkhead::daemon
