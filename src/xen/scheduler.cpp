#include "xen/scheduler.hpp"

#include "xen/cpupool.hpp"
#include "xen/libxl.hpp"

#include <cerrno>
#include <string>

namespace bulkhead::xen {
namespace {

struct DomainParams {
    DomainParams() { libxl_domain_sched_params_init(&params); }
    ~DomainParams() { libxl_domain_sched_params_dispose(&params); }
    DomainParams(const DomainParams&) = delete;
    DomainParams& operator=(const DomainParams&) = delete;
    libxl_domain_sched_params params{};
};

libxl_scheduler number(Scheduler scheduler) {
    return scheduler == Scheduler::credit ? LIBXL_SCHEDULER_CREDIT : LIBXL_SCHEDULER_CREDIT2;
}

Status check_scheduler(const CpuPool& pool, Scheduler scheduler) {
    if (pool.scheduler == scheduler_name(scheduler)) return {};
    return fail("the scheduler of CPU pool '" + pool.name + "' is " + pool.scheduler + ", not " +
                    scheduler_name(scheduler),
                EINVAL);
}

} // namespace

const char* scheduler_name(Scheduler scheduler) {
    return scheduler == Scheduler::credit ? "credit" : "credit2";
}

Result<Share> domain_share(Context& xen, unsigned domain, Scheduler scheduler) {
    TRY(check_scheduler(TRY(cpupool_of(xen, domain)), scheduler));
    DomainParams got;
    if (const int rc = libxl_domain_sched_params_get(xen.get(), domain, &got.params); rc != 0)
        return xen.error("cannot read the scheduler's parameters of domain " + std::to_string(domain), rc);
    return Share{got.params.weight, got.params.cap};
}

Status set_domain_share(Context& xen, unsigned domain, Scheduler scheduler, std::optional<int> weight,
                        std::optional<int> cap) {
    TRY(check_scheduler(TRY(cpupool_of(xen, domain)), scheduler));
    DomainParams wanted; // libxl leaves what has its own default value as it is
    wanted.params.sched = number(scheduler);
    if (weight) wanted.params.weight = *weight;
    if (cap) wanted.params.cap = *cap;
    if (const int rc = libxl_domain_sched_params_set(xen.get(), domain, &wanted.params); rc != 0)
        return xen.error("cannot set the scheduler's parameters of domain " + std::to_string(domain), rc);
    return {};
}

Result<SchedulerParameters> scheduler_parameters(Context& xen, unsigned pool, Scheduler scheduler) {
    TRY(check_scheduler(TRY(find_cpupool(xen, std::to_string(pool))), scheduler));
    SchedulerParameters parameters;
    int rc = 0;
    if (scheduler == Scheduler::credit) {
        libxl_sched_credit_params got{};
        rc = libxl_sched_credit_params_get(xen.get(), pool, &got);
        parameters = {got.tslice_ms, got.ratelimit_us, got.vcpu_migr_delay_us};
    } else {
        libxl_sched_credit2_params got{};
        rc = libxl_sched_credit2_params_get(xen.get(), pool, &got);
        parameters.ratelimit_us = got.ratelimit_us;
    }
    if (rc != 0) return xen.error("cannot read the scheduler's parameters", rc);
    return parameters;
}

Status set_scheduler_parameters(Context& xen, unsigned pool, Scheduler scheduler, const SchedulerParameters& wanted) {
    const SchedulerParameters now = TRY(scheduler_parameters(xen, pool, scheduler));
    const int ratelimit = wanted.ratelimit_us.value_or(now.ratelimit_us.value_or(0));
    int rc = 0;
    if (scheduler == Scheduler::credit) {
        libxl_sched_credit_params params{};
        params.tslice_ms = wanted.tslice_ms.value_or(now.tslice_ms.value_or(0));
        params.ratelimit_us = ratelimit;
        params.vcpu_migr_delay_us = wanted.migration_delay_us.value_or(now.migration_delay_us.value_or(0));
        if (params.ratelimit_us > params.tslice_ms * 1000) {
            return fail("the rate limit, " + std::to_string(params.ratelimit_us) +
                            " us, cannot be longer than the time slice, " + std::to_string(params.tslice_ms) + " ms",
                        EINVAL);
        }
        rc = libxl_sched_credit_params_set(xen.get(), pool, &params);
    } else {
        libxl_sched_credit2_params params{};
        params.ratelimit_us = ratelimit;
        rc = libxl_sched_credit2_params_set(xen.get(), pool, &params);
    }
    if (rc != 0) return xen.error("cannot set the scheduler's parameters", rc);
    return {};
}

} // namespace bulkhead::xen
