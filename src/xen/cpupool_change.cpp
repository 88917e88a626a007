#include "xen/cpupool_change.hpp"

#include "base/text.hpp"
#include "xen/bitmap.hpp"
#include "xen/host.hpp"
#include "xen/libxl.hpp"
#include "xen/vcpu.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <thread>

namespace bulkhead::xen {
namespace {

CpuSet both(const CpuSet& a, const CpuSet& b) {
    CpuSet set(a.size(), false);
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) set[i] = a[i] && b[i];
    return set;
}

CpuSet without(const CpuSet& a, const CpuSet& b) {
    CpuSet set = a;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) set[i] = a[i] && !b[i];
    return set;
}

bool empty(const CpuSet& set) {
    return std::find(set.begin(), set.end(), true) == set.end();
}

// An error that says who has the first processor that is not free.
Status check_free(Context& xen, const CpuSet& wanted) {
    const CpuSet taken = without(wanted, TRY(free_cpus(xen)));
    if (empty(taken)) return {};
    for (const CpuPool& pool : TRY(list_cpupools(xen))) {
        const CpuSet here = both(taken, pool.cpus);
        if (!empty(here)) {
            return fail("processors " + cpu_set_text(here) + " are in CPU pool '" + pool.name +
                            "'; take them out first: bulkhead cpupool-cpu-remove",
                        EBUSY);
        }
    }
    return fail("processors " + cpu_set_text(taken) + " are not there or off-line", ENODEV);
}

Status check_new_name(Context& xen, const std::string& name) {
    for (const CpuPool& pool : TRY(list_cpupools(xen))) {
        if (pool.name == name) return fail("there is a CPU pool '" + printable(name, 64) + "' already", EEXIST);
    }
    return {};
}

// The guest, dom0 itself here, takes its virtual processors off-line when it likes; nothing tells when.
Status shrink_dom0(Context& xen, unsigned most) {
    const auto online = [&]() -> Result<unsigned> {
        unsigned count = 0;
        for (const VcpuInfo& vcpu : TRY(list_vcpus(xen, 0, TRY(cpu_numbers(xen))))) count += vcpu.online ? 1U : 0U;
        return count;
    };
    if (TRY(online()) <= most) return {};
    TRY(set_vcpus(xen, 0, most));
    constexpr int tries = 100;
    for (int i = 0; i < tries; ++i) {
        if (TRY(online()) <= most) return {};
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return fail("dom0 did not give up its virtual processors beyond " + std::to_string(most) + " within 10 s");
}

} // namespace

Result<std::string> check_scheduler_name(Context& xen, const std::string& name) {
    if (name.empty()) {
        xen.clear();
        const int own = libxl_get_scheduler(xen.get());
        if (own < 0) return xen.error("cannot ask for Xen's scheduler", own);
        return text_of(libxl_scheduler_to_string(static_cast<libxl_scheduler>(own)));
    }
    std::vector<std::string> names;
    for (const libxl_enum_string_table* entry = libxl_scheduler_string_table; entry->s != nullptr; ++entry) {
        if (entry->v == LIBXL_SCHEDULER_UNKNOWN) continue;
        if (name == entry->s) return name;
        names.emplace_back(entry->s);
    }
    return fail("'" + printable(name, 64) + "' is no scheduler; there are: " + join(names, ", "), EINVAL);
}

Result<CpuPool> create_cpupool(Context& xen, const std::string& name, const std::string& scheduler,
                               const CpuSet& cpus) {
    libxl_scheduler number{};
    if (libxl_scheduler_from_string(TRY(check_scheduler_name(xen, scheduler)).c_str(), &number) != 0)
        return fail("libxl does not know scheduler '" + scheduler + "'", EINVAL);
    TRY(check_new_name(xen, name));
    TRY(check_free(xen, cpus));
    Bitmap map(xen.get(), cpus);
    libxl_uuid uuid;
    libxl_uuid_generate(&uuid);
    std::uint32_t id = LIBXL_CPUPOOL_POOLID_ANY;
    xen.clear();
    if (const int rc = libxl_cpupool_create(xen.get(), name.c_str(), number, *map.get(), &uuid, &id); rc != 0)
        return xen.error("cannot create CPU pool '" + name + "'", rc);
    return find_cpupool(xen, std::to_string(id));
}

Status destroy_cpupool(Context& xen, const CpuPool& pool) {
    if (pool.id == 0) return fail("'" + pool.name + "' is pool 0, which dom0 is in; it cannot be destroyed", EINVAL);
    if (pool.domains > 0) {
        return fail(std::to_string(pool.domains) + " domains are in CPU pool '" + pool.name +
                        "'; move them first: bulkhead cpupool-migrate",
                    EBUSY);
    }
    xen.clear();
    if (const int rc = libxl_cpupool_destroy(xen.get(), pool.id); rc != 0)
        return xen.error("cannot destroy CPU pool '" + pool.name + "'", rc);
    return {};
}

Status rename_cpupool(Context& xen, const CpuPool& pool, const std::string& name) {
    TRY(check_new_name(xen, name));
    xen.clear();
    if (const int rc = libxl_cpupool_rename(xen.get(), name.c_str(), pool.id); rc != 0)
        return xen.error("cannot rename CPU pool '" + pool.name + "'", rc);
    return {};
}

Status add_cpus(Context& xen, const CpuPool& pool, const CpuSet& cpus) {
    const CpuSet missing = without(cpus, pool.cpus);
    TRY(check_free(xen, missing));
    Bitmap map(xen.get(), missing);
    xen.clear();
    if (const int rc = libxl_cpupool_cpuadd_cpumap(xen.get(), pool.id, map.get()); rc != 0) {
        return xen.error(
            "not all of processors " + cpu_set_text(missing) + " could be added to CPU pool '" + pool.name + "'", rc);
    }
    return {};
}

Status remove_cpus(Context& xen, const CpuPool& pool, const CpuSet& cpus) {
    const CpuSet foreign = without(cpus, pool.cpus);
    if (!empty(foreign)) {
        return fail("processors " + cpu_set_text(foreign) + " are not in CPU pool '" + pool.name + "', which has " +
                        cpu_set_text(pool.cpus),
                    ENOENT);
    }
    if (pool.domains > 0 && empty(without(pool.cpus, cpus)))
        return fail("domains are in CPU pool '" + pool.name + "': it must keep a processor", EBUSY);
    Bitmap map(xen.get(), cpus);
    xen.clear();
    if (const int rc = libxl_cpupool_cpuremove_cpumap(xen.get(), pool.id, map.get()); rc != 0) {
        return xen.error("not all of processors " + cpu_set_text(cpus) + " could be taken from CPU pool '" + pool.name +
                             "'; if one cannot be added to another pool now, add it to this one again",
                         rc);
    }
    return {};
}

Status move_to_cpupool(Context& xen, unsigned domain, const CpuPool& pool) {
    if (domain == 0 && pool.id != 0) return fail("Domain-0 must stay in pool 0", EINVAL);
    if (empty(pool.cpus)) return fail("CPU pool '" + pool.name + "' has no processor yet", EINVAL);
    xen.clear();
    if (const int rc = libxl_cpupool_movedomain(xen.get(), pool.id, domain); rc != 0)
        return xen.error("cannot move domain " + std::to_string(domain) + " to CPU pool '" + pool.name + "'", rc);
    return {};
}

Status split_by_nodes(Context& xen) {
    const std::vector<CpuPool> pools = TRY(list_cpupools(xen));
    if (pools.size() != 1) return fail("there are several CPU pools already; destroy all but pool 0 first", EBUSY);
    std::map<unsigned, CpuSet> nodes;
    const std::vector<CpuPlace> places = TRY(cpu_topology(xen));
    if (places.empty()) return fail("Xen does not say where its processors are");
    for (const CpuPlace& place : places)
        nodes.try_emplace(place.node, TRY(cpu_numbers(xen)), false).first->second[place.cpu] = true;
    const unsigned first = places.front().node;
    const auto name = [](unsigned node) { return "Pool-node" + std::to_string(node); };

    // What is in no pool is added before anything is taken away: a pool with domains must not be without processors.
    CpuPool pool = pools.front();
    TRY(add_cpus(xen, pool, both(nodes[first], TRY(free_cpus(xen)))));
    TRY(rename_cpupool(xen, pool, name(first)));
    const auto size = std::count(nodes[first].begin(), nodes[first].end(), true);
    TRY(shrink_dom0(xen, static_cast<unsigned>(size)));
    for (const auto& [node, cpus] : nodes) {
        if (node == first) continue;
        TRY(remove_cpus(xen, pool, both(cpus, pool.cpus)));
        TRY(create_cpupool(xen, name(node), pool.scheduler, both(cpus, TRY(free_cpus(xen)))));
    }
    return {};
}

} // namespace bulkhead::xen
