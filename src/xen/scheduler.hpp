// Parameters of the credit and credit2 schedulers, through libxl. For worker processes.
#pragma once

#include "base/result.hpp"
#include "xen/context.hpp"

#include <optional>

namespace bulkhead::xen {

enum class Scheduler { credit, credit2 };
const char* scheduler_name(Scheduler scheduler); // Xen's: "credit", "credit2"

// Of a domain.
constexpr long weight_max = 65535;
struct Share {
    int weight = 0; // 1 to weight_max
    int cap = 0;    // per cent of one processor, 0 to 100 times the virtual processors; 0: no limit
};
Result<Share> domain_share(Context& xen, unsigned domain, Scheduler scheduler);
// What is nullopt stays as it is. An error when the domain's pool has another scheduler.
Status set_domain_share(Context& xen, unsigned domain, Scheduler scheduler, std::optional<int> weight,
                        std::optional<int> cap);

// Of a pool. Ranges of Xen's sysctl.h and sched/credit.c; credit2 knows ratelimit_us only.
constexpr long tslice_ms_max = 1000, ratelimit_us_min = 100, ratelimit_us_max = 500000, migration_delay_us_max = 100000;
struct SchedulerParameters {
    std::optional<int> tslice_ms;          // 1 to tslice_ms_max
    std::optional<int> ratelimit_us;       // 0 (none), or ratelimit_us_min to ratelimit_us_max
    std::optional<int> migration_delay_us; // 0 to migration_delay_us_max
};
Result<SchedulerParameters> scheduler_parameters(Context& xen, unsigned pool, Scheduler scheduler);
// What is nullopt stays as it is.
Status set_scheduler_parameters(Context& xen, unsigned pool, Scheduler scheduler, const SchedulerParameters& wanted);

} // namespace bulkhead::xen
