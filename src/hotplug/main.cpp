// block-hotplug ACTION, run by libxl with XENBUS_PATH=backend/vbd/DOMAIN/DEVICE.
#include "hotplug/block.hpp"

#include "base/log.hpp"

#include <cstdlib>
#include <string>

using namespace bulkhead;

namespace {

Status serve(const std::string& action, const std::string& path) {
    xen::Store store = TRY(xen::Store::open());
    Status done = action == "add" ? hotplug::add_block(store, path) : hotplug::remove_block(store, path);
    if (!done) (void)hotplug::report(store, path, done.error().message);
    return done;
}

} // namespace

int main(int argc, char** argv) {
    log::configure("block-hotplug", log::Level::info, false);
    const std::string action = argc == 2 ? argv[1] : "";
    const char* const path = std::getenv("XENBUS_PATH"); // NOLINT(concurrency-mt-unsafe): one thread
    if ((action != "add" && action != "remove") || path == nullptr) {
        log::error("libxl runs this program, for the disks of domains; it is of no use to people");
        return 2;
    }
    const Status done = serve(action, path);
    if (!done) log::error(done.error().message);
    return done ? 0 : 1;
}
