// The host and Xen itself.
#include "daemon/arguments.hpp"
#include "daemon/handlers.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "xen/guest.hpp"
#include "xen/host.hpp"
#include "xen/hypervisor_log.hpp"
#include "xen/memory.hpp"

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <sys/utsname.h>

namespace bulkhead::daemon {
namespace {

constexpr seconds host_deadline{30};

// ---- info ----

// In the order of `xl info`; JSON objects have none.
class Lines {
public:
    void add(const char* key, json value) { lines_.push_back({{"key", key}, {"value", std::move(value)}}); }
    [[nodiscard]] json take() { return std::move(lines_); }

private:
    json lines_ = json::array();
};

std::string hexadecimal(const std::array<std::uint32_t, 8>& words) {
    std::string text;
    for (const std::uint32_t word : words) {
        char part[16];
        std::snprintf(part, sizeof part, "%s%08x", text.empty() ? "" : ":", word);
        text += part;
    }
    return text;
}

json machine_lines(const xen::HostInfo& host) {
    Lines lines;
    utsname dom0{};
    if (::uname(&dom0) == 0) {
        lines.add("host", dom0.nodename);
        lines.add("release", dom0.release);
        lines.add("version", dom0.version);
        lines.add("machine", dom0.machine);
    }
    lines.add("nr_cpus", host.nr_cpus);
    lines.add("max_cpu_id", host.max_cpu_id);
    lines.add("nr_nodes", host.nr_nodes);
    lines.add("cores_per_socket", host.cores_per_socket);
    lines.add("threads_per_core", host.threads_per_core);
    lines.add("cpu_mhz", host.cpu_khz / 1000.0);
    lines.add("hw_caps", hexadecimal(host.hw_caps));
    lines.add("virt_caps", host.virt_caps);
    lines.add("total_memory", host.total_memory);
    lines.add("free_memory", host.free_memory);
    lines.add("sharing_freed_memory", host.sharing_freed_memory);
    lines.add("sharing_used_memory", host.sharing_used_memory);
    lines.add("outstanding_claims", host.outstanding_claims);
    lines.add("free_cpus", host.free_cpus);
    return lines.take();
}

json xen_lines(const xen::HostInfo& host) {
    char start[32];
    std::snprintf(start, sizeof start, "virt_start=0x%llx", static_cast<unsigned long long>(host.virt_start));
    Lines lines;
    lines.add("xen_major", host.xen_major);
    lines.add("xen_minor", host.xen_minor);
    lines.add("xen_extra", host.xen_extra);
    lines.add("xen_version", std::to_string(host.xen_major) + "." + std::to_string(host.xen_minor) + host.xen_extra);
    lines.add("xen_caps", host.xen_caps);
    lines.add("xen_scheduler", host.xen_scheduler);
    lines.add("xen_pagesize", host.xen_pagesize);
    lines.add("platform_params", start);
    lines.add("xen_changeset", host.xen_changeset);
    lines.add("xen_commandline", host.xen_commandline);
    lines.add("cc_compiler", host.cc_compiler);
    lines.add("cc_compile_by", host.cc_compile_by);
    lines.add("cc_compile_domain", host.cc_compile_domain);
    lines.add("cc_compile_date", host.cc_compile_date);
    lines.add("build_id", host.build_id);
    lines.add("xend_config_format", 4); // scripts look for it, as in xl
    return lines.take();
}

Result<json> numa_json(xen::Context& xen) {
    json cpus = json::array(), devices = json::array(), nodes = json::array();
    for (const xen::CpuPlace& place : TRY(xen::cpu_topology(xen)))
        cpus.push_back({{"cpu", place.cpu}, {"core", place.core}, {"socket", place.socket}, {"node", place.node}});
    for (const xen::DevicePlace& place : xen::device_topology(xen))
        devices.push_back({{"device", place.address}, {"node", place.node}});
    for (const xen::NumaNode& node : TRY(xen::numa_nodes(xen))) {
        nodes.push_back({{"node", node.node},
                         {"memsize", node.size_mib},
                         {"memfree", node.free_mib},
                         {"distances", node.distances}});
    }
    return json{{"cpu_topology", cpus}, {"device_topology", devices}, {"numa_info", nodes}};
}

Status info(Manager& manager, const CallPointer& call) {
    const bool numa = TRY(Arguments(*call).flag("numa"));
    const auto body = [numa](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        const xen::HostInfo host = TRY(xen::host_info(xen));
        json answer = {{"machine", machine_lines(host)}, {"xen", xen_lines(host)}};
        if (numa) answer["numa"] = TRY(numa_json(xen));
        return json_line(answer);
    };
    return run_while_connected(manager, call, manager.run("info", query_deadline, body, reply_to(call)));
}

// ---- what domains there are, seen from the host ----

Result<std::uint64_t> dom0_uptime() {
    const std::string text = TRY(read_file("/proc/uptime", 256));
    const auto whole = parse_unsigned(std::string_view(text).substr(0, text.find('.')));
    if (!whole) return fail("/proc/uptime says '" + printable(text, 64) + "'");
    return *whole;
}

Status uptime(Manager& manager, const CallPointer& call) {
    std::vector<xen::DomainInfo> domains;
    const auto wanted = TRY(Arguments(*call).texts("domains"));
    for (const std::string& name : wanted) domains.push_back(TRY(manager.find(name)));
    if (wanted.empty()) domains = TRY(manager.list());
    const auto body = [domains](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        json rows = json::array();
        const std::time_t now = std::time(nullptr);
        for (const xen::DomainInfo& domain : domains) {
            std::uint64_t age = 0;
            if (domain.id == 0) {
                age = TRY(dom0_uptime());
            } else {
                const auto start = xen::start_time(xen, domain.id);
                if (!start) continue;
                // The clock may have been set back since.
                age = now > static_cast<std::time_t>(*start) ? static_cast<std::uint64_t>(now) - *start : 0;
            }
            rows.push_back({{"name", domain.name}, {"id", domain.id}, {"uptime_s", age}});
        }
        return json_line({{"domains", rows}});
    };
    return run_while_connected(manager, call, manager.run("uptime", query_deadline, body, reply_to(call)));
}

// claims and sharing: the rows of `list`, with one more number.
Status memory(Manager& manager, const CallPointer& call) {
    const auto wanted = TRY(Arguments(*call).text("domain"));
    std::vector<xen::DomainInfo> domains;
    if (wanted.empty())
        domains = TRY(manager.list());
    else
        domains.push_back(TRY(manager.find(wanted)));
    const auto body = [domains](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        json rows = json::array();
        const auto uses = TRY(xen::domain_use(xen));
        for (const xen::DomainInfo& domain : domains) {
            for (const xen::DomainUse& use : uses) {
                if (use.domain != domain.id) continue;
                rows.push_back({{"name", domain.name},
                                {"id", domain.id},
                                {"memory_kib", domain.memory_kib},
                                {"claimed_kib", use.claimed_kib},
                                {"shared_kib", use.shared_kib}});
            }
        }
        return json_line({{"domains", rows}});
    };
    return run_while_connected(manager, call, manager.run("memory", query_deadline, body, reply_to(call)));
}

// ---- Xen itself ----

Status dmesg(Manager& manager, const CallPointer& call) {
    const bool clear = TRY(Arguments(*call).flag("clear"));
    const auto body = [clear](xen::Context&, const WorkerSide&) -> Result<std::string> {
        xen::HypervisorLog log = TRY(xen::HypervisorLog::open());
        return json_line({{"text", TRY(clear ? log.take() : log.more())}});
    };
    return run_while_connected(manager, call, manager.run("dmesg", query_deadline, body, reply_to(call)));
}

Status debug_keys(Manager& manager, const CallPointer& call) {
    constexpr std::size_t most = 64; // each may print thousands of lines
    const std::string keys = TRY(Arguments(*call).needed_text("keys"));
    if (keys.size() > most) return fail("at most " + std::to_string(most) + " debug keys at a time", EINVAL);
    const auto body = [keys](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        TRY(xen::send_debug_keys(xen, keys));
        return std::string("{}");
    };
    TRY(manager.run("debug-keys", host_deadline, body, reply_to(call)));
    return {};
}

Status set_parameters(Manager& manager, const CallPointer& call) {
    constexpr std::size_t most = 1024;
    const std::string parameters = TRY(Arguments(*call).needed_text("parameters"));
    if (parameters.size() > most) return fail("at most " + std::to_string(most) + " bytes of parameters", EINVAL);
    const auto body = [parameters](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        TRY(xen::set_parameters(xen, parameters));
        return std::string("{}");
    };
    TRY(manager.run("set-parameters", host_deadline, body, reply_to(call)));
    return {};
}

} // namespace

const std::vector<Verb>& hypervisor_verbs() {
    static const std::vector<Verb> verbs = {
        {"info", true, info},    {"uptime", true, uptime},          {"memory", true, memory},
        {"dmesg", false, dmesg}, {"debug-keys", false, debug_keys}, {"set-parameters", false, set_parameters}};
    return verbs;
}

} // namespace bulkhead::daemon
