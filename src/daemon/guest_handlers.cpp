// What is sent to a guest, and what is looked up in it.
#include "daemon/arguments.hpp"
#include "daemon/handlers.hpp"

#include "base/text.hpp"
#include "domain/core_dump.hpp"
#include "xen/guest.hpp"
#include "xen/store.hpp"

#include <cerrno>
#include <sys/stat.h>

namespace bulkhead::daemon {
namespace {

constexpr seconds guest_deadline{30};

Status trigger(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    const std::string name = TRY(arguments.needed_text("trigger"));
    const auto vcpu = TRY(arguments.number("vcpu", "the virtual processor", 0, UINT16_MAX));
    const auto body = [=, id = domain.id](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        TRY(xen::send_trigger(xen, id, name, static_cast<unsigned>(vcpu.value_or(0))));
        return std::string("{}");
    };
    TRY(manager.run("trigger " + domain.name, guest_deadline, body, reply_to(call)));
    return {};
}

Status sysrq(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    const std::string letter = TRY(arguments.needed_text("letter"));
    if (letter.size() != 1 || letter[0] <= ' ' || letter[0] > '~')
        return fail("'" + printable(letter, 64) + "' is no sysrq letter: one character such as h or s", EINVAL);
    const auto body = [id = domain.id, key = letter[0]](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        TRY(xen::send_sysrq(xen, id, key));
        return std::string("{}");
    };
    TRY(manager.run("sysrq " + domain.name, guest_deadline, body, reply_to(call)));
    return {};
}

Status dump_core(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    if (domain.id == 0) return fail("Domain-0's memory cannot be dumped from itself", EINVAL);
    const std::string path = TRY(arguments.needed_text("file"));
    if (path[0] != '/') return fail("the file's path must be absolute: bulkheadd has a folder of its own", EINVAL);
    const auto body = [domain, path](xen::Context& xen, const WorkerSide& side) -> Result<std::string> {
        TRY(domain::dump_core(xen, domain, path, [&](const std::string& text) { side.progress(text); }));
        struct stat made {};
        const auto size = ::stat(path.c_str(), &made) == 0 ? made.st_size : 0;
        return json_line({{"file", path}, {"bytes", size}});
    };
    // As long as it takes, but not without its client.
    return run_while_connected(manager, call,
                               manager.run("dump-core " + domain.name, seconds(0), body, reply_to(call)));
}

Status vncviewer(Manager& manager, const CallPointer& call) {
    const xen::DomainInfo domain = TRY(Arguments(*call).domain(manager));
    const auto body = [domain](xen::Context&, const WorkerSide&) -> Result<std::string> {
        // Where libxl puts what QEMU or the frame buffer's back end offers.
        const std::string folder = "/local/domain/" + std::to_string(domain.id) + "/console/";
        xen::Store store = TRY(xen::Store::open());
        const auto port = TRY(store.read_if(folder + "vnc-port"));
        if (!port) return fail("'" + domain.name + "' has no VNC server; give it vnc=1 or vfb=[\"vnc=1\"]", ENOENT);
        const auto number = parse_unsigned(*port, UINT16_MAX);
        if (!number || *number == 0)
            return fail("'" + domain.name + "': " + folder + "vnc-port is '" + printable(*port, 64) + "'", EPROTO);
        json answer = {{"port", *number}, {"host", TRY(store.read_if(folder + "vnc-listen")).value_or("localhost")}};
        if (const auto password = TRY(store.read_if(folder + "vnc-pass"))) answer["password"] = *password;
        return json_line(answer);
    };
    return run_while_connected(manager, call, manager.run("vncviewer", query_deadline, body, reply_to(call)));
}

Status vtpm_list(Manager& manager, const CallPointer& call) {
    std::vector<unsigned> ids;
    for (const std::string& name : TRY(Arguments(*call).texts("domains"))) ids.push_back(TRY(manager.find(name)).id);
    const auto body = [ids](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        json rows = json::array();
        for (const unsigned id : ids) {
            for (const xen::VtpmInfo& vtpm : xen::list_vtpms(xen, id)) {
                rows.push_back({{"domain", id},
                                {"devid", vtpm.devid},
                                {"backend_domain", vtpm.backend_domain},
                                {"uuid", vtpm.uuid},
                                {"state", vtpm.state},
                                {"event_channel", vtpm.event_channel},
                                {"ring_reference", vtpm.ring_reference},
                                {"backend", vtpm.backend}});
            }
        }
        return json_line({{"vtpms", rows}});
    };
    return run_while_connected(manager, call, manager.run("vtpm-list", query_deadline, body, reply_to(call)));
}

Status channel_list(Manager& manager, const CallPointer& call) {
    std::vector<unsigned> ids;
    for (const std::string& name : TRY(Arguments(*call).texts("domains"))) ids.push_back(TRY(manager.find(name)).id);
    const auto body = [ids](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        json rows = json::array();
        for (const unsigned id : ids) {
            for (const xen::ChannelInfo& channel : xen::list_channels(xen, id)) {
                rows.push_back({{"domain", id},
                                {"devid", channel.devid},
                                {"backend_domain", channel.backend_domain},
                                {"state", channel.state},
                                {"event_channel", channel.event_channel},
                                {"ring_reference", channel.ring_reference},
                                {"connection", channel.connection},
                                {"pty", channel.pty}});
            }
        }
        return json_line({{"channels", rows}});
    };
    return run_while_connected(manager, call, manager.run("channel-list", query_deadline, body, reply_to(call)));
}

Status monitor_command(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    if (domain.type != "hvm") return fail("'" + domain.name + "' has no device model: only HVM domains do", EINVAL);
    const std::string command = TRY(arguments.needed_text("command"));
    const auto body = [id = domain.id, command](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        return json_line({{"answer", TRY(xen::monitor_command(xen, id, command))}});
    };
    return run_while_connected(
        manager, call, manager.run("qemu-monitor-command " + domain.name, guest_deadline, body, reply_to(call)));
}

} // namespace

const std::vector<Verb>& guest_verbs() {
    static const std::vector<Verb> verbs = {{"trigger", false, trigger},
                                            {"sysrq", false, sysrq},
                                            {"dump-core", false, dump_core},
                                            {"vncviewer", false, vncviewer}, // it tells the password
                                            {"vtpm-list", true, vtpm_list},
                                            {"channel-list", true, channel_list},
                                            {"qemu-monitor-command", false, monitor_command}};
    return verbs;
}

} // namespace bulkhead::daemon
