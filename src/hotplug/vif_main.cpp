// vif-hotplug online|offline|add|remove [type_if=vif|tap], run by libxl with XENBUS_PATH=backend/vif/DOMAIN/DEVICE,
// vif=vifDOMAIN.DEVICE and, for an emulated card, INTERFACE=vifDOMAIN.DEVICE-emu.
#include "base/log.hpp"
#include "hotplug/block.hpp"
#include "hotplug/vif.hpp"

#include <cstdlib>
#include <cstring>
#include <string>
#include <unistd.h>

using namespace bulkhead;

namespace {

std::string environment(const char* name) {
    const char* const value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): one thread
    return value != nullptr ? value : "";
}

Status serve(bool comes, const hotplug::VifCall& call, char** argv) {
    xen::Store store = TRY(xen::Store::open());
    const auto work = [&]() -> Status {
        if (const auto script = TRY(hotplug::xens_script(store, call))) {
            argv[0] = const_cast<char*>(script->c_str());
            ::execv(script->c_str(), argv);
            return fail_errno(*script);
        }
        net::Netlink netlink = TRY(net::Netlink::open());
        return comes ? hotplug::add_vif(netlink, store, call) : hotplug::remove_vif(netlink, store, call);
    };
    Status done = work();
    if (!done && comes) (void)hotplug::report(store, call.path, done.error().message);
    return done;
}

} // namespace

int main(int argc, char** argv) {
    log::configure("vif-hotplug", log::Level::info, false);
    const std::string action = argc >= 2 ? argv[1] : "";
    hotplug::VifCall call;
    for (int i = 2; i < argc; ++i) call.tap = call.tap || std::strcmp(argv[i], "type_if=tap") == 0;
    call.path = environment("XENBUS_PATH");
    call.device = environment(call.tap ? "INTERFACE" : "vif");
    const bool for_vif = action == "online" || action == "offline", for_tap = action == "add" || action == "remove";
    if ((!for_vif && !for_tap) || call.path.empty() || call.device.empty()) {
        log::error("libxl runs this program, for the vifs of domains; it is of no use to people");
        return 2;
    }
    if (for_tap != call.tap) return 0; // as in Xen's scripts, these are for the other kind
    const Status done = serve(action == "online" || action == "add", call, argv);
    if (!done) log::error(call.device + ": " + done.error().message);
    return done ? 0 : 1;
}
