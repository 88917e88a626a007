#include "daemon/arguments.hpp"
#include "daemon/handlers.hpp"

#include "domain/gate.hpp"
#include "xen/usb.hpp"

#include <algorithm>
#include <cerrno>

namespace bulkhead::daemon {
namespace {

constexpr seconds change_deadline{60}; // libxl waits for QEMU and for backends, 10 s each

json describe(const xen::UsbController& controller) {
    json devices = json::array();
    for (const xen::UsbDevice& device : controller.devices)
        devices.push_back({{"port", device.port}, {"hostbus", device.bus}, {"hostaddr", device.address}});
    return {{"devid", controller.devid}, {"type", controller.type},       {"backend_domain", controller.backend_domain},
            {"state", controller.state}, {"version", controller.version}, {"ports", controller.ports},
            {"devices", devices}};
}

Status list_controllers(Manager& manager, const CallPointer& call) {
    const xen::DomainInfo domain = TRY(Arguments(*call).domain(manager));
    const auto body = [id = domain.id](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        json controllers = json::array();
        for (const xen::UsbController& controller : TRY(xen::list_usb(xen, id)))
            controllers.push_back(describe(controller));
        return json_line({{"controllers", controllers}});
    };
    return run_while_connected(manager, call, manager.run("usb-list", query_deadline, body, reply_to(call)));
}

Result<xen::DomainInfo> guest(Manager& manager, const Arguments& arguments) {
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    if (domain.id == 0) return fail("Domain-0 has its USB devices from the host", EINVAL);
    return domain;
}

Result<unsigned> needed(const Arguments& arguments, const char* key, const char* what, long least) {
    const auto number = TRY(arguments.number(key, what, least, UINT16_MAX));
    if (!number) return fail(std::string(what) + " is missing", EINVAL);
    return static_cast<unsigned>(*number);
}

Result<xen::UsbController> find_controller(xen::Context& xen, const xen::DomainInfo& domain, unsigned devid) {
    const std::vector<xen::UsbController> all = TRY(xen::list_usb(xen, domain.id));
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.devid == devid; });
    if (found != all.end()) return *found;
    return fail("'" + domain.name + "' has no USB controller " + std::to_string(devid) + "; see: bulkhead usb-list " +
                    domain.name,
                ENOENT);
}

Status attach_controller(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(guest(manager, arguments));
    const std::string text = TRY(arguments.text("controller"));
    const auto body = [domain, text](xen::Context& xen, const WorkerSide& side) -> Result<std::string> {
        unsigned devid = 0; // as libxl numbers them: behind the last
        for (const xen::UsbController& each : TRY(xen::list_usb(xen, domain.id)))
            devid = std::max(devid, each.devid + 1);
        TRY(side.intent(std::to_string(devid)));
        TRY(xen::add_usb_controller(xen, domain.id, text, devid));
        return json_line(describe(TRY(find_controller(xen, domain, devid))));
    };
    TRY(manager.run_on("usbctrl-attach", domain, change_deadline, body, reply_to(call)));
    return {};
}

Status detach_controller(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(guest(manager, arguments));
    const unsigned devid = TRY(needed(arguments, "devid", "the controller's number", 0));
    const auto body = [domain, devid](xen::Context& xen, const WorkerSide& side) -> Result<std::string> {
        TRY(find_controller(xen, domain, devid));
        TRY(side.intent(std::to_string(devid)));
        TRY(xen::remove_usb_controller(xen, domain.id, devid));
        return std::string("{}");
    };
    TRY(manager.run_on("usbctrl-detach", domain, change_deadline, body, reply_to(call)));
    return {};
}

Status attach_usb(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(guest(manager, arguments));
    const std::string text = TRY(arguments.needed_text("device"));
    const auto body = [domain, text](xen::Context& xen, const WorkerSide& side) -> Result<std::string> {
        const xen::UsbDevice device = TRY(xen::parse_usb_device(text));
        for (const xen::UsbController& each :
             TRY(xen::list_usb(xen, domain.id))) { // taking it back would take that one
            for (const xen::UsbDevice& there : each.devices) {
                if (there.bus == device.bus && there.address == device.address)
                    return fail("'" + domain.name + "' has that device already, at controller " +
                                    std::to_string(there.controller) + ", port " + std::to_string(there.port),
                                EEXIST);
            }
        }
        TRY(domain::Gate(side, "usbdev-attach").usb(domain, device));
        TRY(side.intent(domain::usb_device(device)));
        TRY(xen::add_usb_device(xen, domain.id, text));
        return std::string("{}");
    };
    TRY(manager.run_on("usbdev-attach", domain, change_deadline, body, reply_to(call)));
    return {};
}

Status detach_usb(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(guest(manager, arguments));
    const unsigned controller = TRY(needed(arguments, "controller", "the controller's number", 0));
    const unsigned port = TRY(needed(arguments, "port", "the port's number", 1));
    const auto body = [domain, controller, port](xen::Context& xen, const WorkerSide& side) -> Result<std::string> {
        const std::vector<xen::UsbDevice> devices = TRY(find_controller(xen, domain, controller)).devices;
        const auto found = std::find_if(devices.begin(), devices.end(), [&](const auto& d) { return d.port == port; });
        if (found == devices.end())
            return fail("port " + std::to_string(port) + " of controller " + std::to_string(controller) + " is empty",
                        ENOENT);
        TRY(side.intent(domain::usb_device(*found)));
        TRY(xen::remove_usb_device(xen, domain.id, controller, port));
        return json_line({{"device", domain::usb_device(*found)}});
    };
    domain::Reply reply = reply_to(call);
    reply.done = [&manager, uuid = domain.uuid, done = std::move(reply.done)](Result<std::string> result) {
        if (result) manager.security().detached(uuid, json::parse(*result, nullptr, false).value("device", ""));
        done(std::move(result));
    };
    TRY(manager.run_on("usbdev-detach", domain, change_deadline, body, std::move(reply)));
    return {};
}

} // namespace

const std::vector<Verb>& usb_verbs() {
    static const std::vector<Verb> verbs = {{"usb-list", true, list_controllers},
                                            {"usbctrl-attach", false, attach_controller},
                                            {"usbctrl-detach", false, detach_controller},
                                            {"usbdev-attach", false, attach_usb},
                                            {"usbdev-detach", false, detach_usb}};
    return verbs;
}

} // namespace bulkhead::daemon
