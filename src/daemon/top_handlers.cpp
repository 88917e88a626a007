// One sample of what `top` shows; the differences are the command line's.
#include "daemon/arguments.hpp"
#include "daemon/handlers.hpp"

#include "base/file.hpp"
#include "domain/local_counters.hpp"
#include "xen/host.hpp"
#include "xen/memory.hpp"

namespace bulkhead::daemon {
namespace {

constexpr int crash_code = 3;                                          // SHUTDOWN_crash of Xen's sched.h
constexpr std::uint64_t unlimited_kib = std::uint64_t{0xffffffff} * 4; // Xen's max_pages of dom0 without a limit

json describe(const domain::VifCounters& vif) {
    return {{"index", vif.devid},
            {"rx_bytes", vif.received_bytes},
            {"rx_packets", vif.received_packets},
            {"rx_errors", vif.received_errors},
            {"rx_dropped", vif.received_dropped},
            {"tx_bytes", vif.sent_bytes},
            {"tx_packets", vif.sent_packets},
            {"tx_errors", vif.sent_errors},
            {"tx_dropped", vif.sent_dropped}};
}

json describe(const domain::DiskCounters& disk) {
    if (!disk.known) return {{"device", disk.device}};
    return {
        {"device", disk.device}, {"out_of_requests", disk.out_of_requests}, {"reads", disk.reads},
        {"writes", disk.writes}, {"read_sectors", disk.read_sectors},       {"written_sectors", disk.written_sectors}};
}

json describe_load(const xen::DomainInfo& domain, const xen::DomainUse& use) {
    const bool crashed = domain.shutdown && domain.shutdown_reason == crash_code;
    json object = {{"id", domain.id},
                   {"name", domain.name},
                   {"dying", domain.dying},
                   {"shutdown", domain.shutdown && !crashed},
                   {"blocked", domain.blocked},
                   {"crashed", crashed},
                   {"paused", domain.paused},
                   {"running", domain.running},
                   {"cpu_time_ns", domain.cpu_time_ns},
                   {"memory_kib", domain.memory_kib},
                   {"vcpus", use.vcpus_made},
                   {"ssid", use.security_id},
                   {"vifs", json::array()},
                   {"vbds", json::array()}};
    if (domain.max_memory_kib < unlimited_kib) object["max_memory_kib"] = domain.max_memory_kib;
    return object;
}

Result<std::string> sample(xen::Context& xen) {
    const xen::HostInfo host = TRY(xen::host_info(xen));
    const auto uses = TRY(xen::domain_use(xen));
    const auto now = std::chrono::steady_clock::now().time_since_epoch(); // when the processor times are read
    const auto domains = TRY(xen::list_domains(xen));
    const auto vifs = domain::parse_vif_counters(TRY(read_file("/proc/net/dev", 4 << 20)));
    const auto disks = domain::disk_counters("/sys/bus/xen-backend/devices");
    json rows = json::array();
    for (const xen::DomainInfo& domain : domains) {
        for (const xen::DomainUse& use : uses) {
            if (use.domain != domain.id) continue;
            json row = describe_load(domain, use);
            for (const auto& vif : vifs) {
                if (vif.domain == domain.id) row["vifs"].push_back(describe(vif));
            }
            for (const auto& disk : disks) {
                if (disk.domain == domain.id) row["vbds"].push_back(describe(disk));
            }
            rows.push_back(std::move(row));
        }
    }
    return json_line(
        {{"clock_us", std::chrono::duration_cast<std::chrono::microseconds>(now).count()},
         {"xen_version", std::to_string(host.xen_major) + "." + std::to_string(host.xen_minor) + host.xen_extra},
         {"total_kib", host.total_memory * 1024},
         {"free_kib", host.free_memory * 1024},
         {"cpus", host.nr_cpus},
         {"cpu_khz", host.cpu_khz},
         {"domains", rows}});
}

Status top(Manager& manager, const CallPointer& call) {
    const auto body = [](xen::Context& xen, const WorkerSide&) { return sample(xen); };
    return run_while_connected(manager, call, manager.run("top", query_deadline, body, reply_to(call)));
}

} // namespace

const std::vector<Verb>& top_verbs() {
    static const std::vector<Verb> verbs = {{"top", true, top}};
    return verbs;
}

} // namespace bulkhead::daemon
