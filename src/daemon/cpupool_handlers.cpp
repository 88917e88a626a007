#include "daemon/arguments.hpp"
#include "daemon/handlers.hpp"

#include "config/cpupool_config.hpp"
#include "config/domain_config.hpp"
#include "xen/cpupool_change.hpp"
#include "xen/host.hpp"

#include <algorithm>
#include <cerrno>

namespace bulkhead::daemon {
namespace {

constexpr seconds pool_deadline{60}; // numa-split waits for dom0

json describe(const xen::CpuPool& pool) {
    json cpus = json::array();
    for (std::size_t i = 0; i < pool.cpus.size(); ++i) {
        if (pool.cpus[i]) cpus.push_back(i);
    }
    return {{"id", pool.id},
            {"name", pool.name},
            {"scheduler", pool.scheduler},
            {"domains", pool.domains},
            {"cpus", std::move(cpus)}};
}

Status pool_list(Manager& manager, const CallPointer& call) {
    const std::string wanted = TRY(Arguments(*call).text("pool"));
    const auto body = [wanted](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        json list = json::array();
        if (!wanted.empty()) {
            list.push_back(describe(TRY(xen::find_cpupool(xen, wanted))));
            return json_line({{"pools", list}});
        }
        for (const xen::CpuPool& pool : TRY(xen::list_cpupools(xen))) list.push_back(describe(pool));
        return json_line({{"pools", list}});
    };
    return run_while_connected(manager, call, manager.run("cpupool-list", query_deadline, body, reply_to(call)));
}

Result<CpuSet> cpus_of(xen::Context& xen, const config::CpuPoolConfig& config) {
    if (config.cpus.empty()) return CpuSet();
    CpuSet cpus = TRY(xen::read_cpu_set(xen, config.cpus));
    if (!config.what_is_free) return cpus;
    const CpuSet free = TRY(xen::free_cpus(xen));
    for (std::size_t i = 0; i < cpus.size(); ++i) cpus[i] = cpus[i] && i < free.size() && free[i];
    if (std::find(cpus.begin(), cpus.end(), true) == cpus.end())
        return fail("all processors of these nodes are in CPU pools", EBUSY);
    return cpus;
}

Status pool_create(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const std::string text = TRY(arguments.text("config")), source = TRY(arguments.needed_text("source"));
    const auto overrides = TRY(arguments.texts("overrides"));
    const bool from_file = TRY(arguments.flag("from_file")), dry_run = TRY(arguments.flag("dry_run"));
    const auto body = [=](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        // In the worker: libxlutil may not survive every text.
        const auto config = TRY(config::parse_cpupool(config::with_overrides(text, overrides), source, from_file));
        const CpuSet cpus = TRY(cpus_of(xen, config));
        const std::string scheduler = TRY(xen::check_scheduler_name(xen, config.scheduler));
        if (dry_run) {
            const auto count = std::count(cpus.begin(), cpus.end(), true);
            return json_line({{"name", config.name}, {"scheduler", scheduler}, {"count", count}});
        }
        json answer = describe(TRY(xen::create_cpupool(xen, config.name, scheduler, cpus)));
        answer["count"] = answer["cpus"].size();
        return json_line(answer);
    };
    TRY(manager.run("cpupool-create", pool_deadline, body, reply_to(call)));
    return {};
}

// For the verbs that change one pool: finds it, does it, answers what it is then.
using Change = std::function<Status(xen::Context&, const xen::CpuPool&)>;

Status change_pool(Manager& manager, const CallPointer& call, Change change) {
    const std::string wanted = TRY(Arguments(*call).needed_text("pool"));
    const auto body = [wanted, change = std::move(change)](xen::Context& xen,
                                                           const WorkerSide&) -> Result<std::string> {
        const xen::CpuPool pool = TRY(xen::find_cpupool(xen, wanted));
        TRY(change(xen, pool));
        const auto now = xen::find_cpupool(xen, std::to_string(pool.id));
        return json_line(now ? describe(*now) : json::object());
    };
    TRY(manager.run(call->request.verb + " " + wanted, pool_deadline, body, reply_to(call)));
    return {};
}

Status pool_destroy(Manager& manager, const CallPointer& call) {
    return change_pool(manager, call, xen::destroy_cpupool);
}

Status pool_rename(Manager& manager, const CallPointer& call) {
    const std::string name = TRY(Arguments(*call).needed_text("name"));
    TRY(config::check_pool_name(name));
    return change_pool(manager, call, [name](xen::Context& xen, const xen::CpuPool& pool) {
        return xen::rename_cpupool(xen, pool, name);
    });
}

Status pool_add(Manager& manager, const CallPointer& call) {
    const std::string cpus = TRY(Arguments(*call).needed_text("cpus"));
    return change_pool(manager, call, [cpus](xen::Context& xen, const xen::CpuPool& pool) -> Status {
        return xen::add_cpus(xen, pool, TRY(xen::read_cpu_set(xen, cpus)));
    });
}

Status pool_remove(Manager& manager, const CallPointer& call) {
    const std::string cpus = TRY(Arguments(*call).needed_text("cpus"));
    return change_pool(manager, call, [cpus](xen::Context& xen, const xen::CpuPool& pool) -> Status {
        return xen::remove_cpus(xen, pool, TRY(xen::read_cpu_set(xen, cpus)));
    });
}

Status pool_migrate(Manager& manager, const CallPointer& call) {
    const xen::DomainInfo domain = TRY(Arguments(*call).domain(manager));
    return change_pool(manager, call, [id = domain.id](xen::Context& xen, const xen::CpuPool& pool) {
        return xen::move_to_cpupool(xen, id, pool);
    });
}

Status numa_split(Manager& manager, const CallPointer& call) {
    const auto body = [](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        TRY(xen::split_by_nodes(xen));
        return std::string("{}");
    };
    TRY(manager.run("cpupool-numa-split", pool_deadline, body, reply_to(call)));
    return {};
}

} // namespace

const std::vector<Verb>& cpupool_verbs() {
    static const std::vector<Verb> verbs = {
        {"cpupool-list", true, pool_list},        {"cpupool-create", false, pool_create},
        {"cpupool-destroy", false, pool_destroy}, {"cpupool-rename", false, pool_rename},
        {"cpupool-cpu-add", false, pool_add},     {"cpupool-cpu-remove", false, pool_remove},
        {"cpupool-migrate", false, pool_migrate}, {"cpupool-numa-split", false, numa_split}};
    return verbs;
}

} // namespace bulkhead::daemon
