#include "domain/local_backends.hpp"

#include "base/fd.hpp"
#include "base/text.hpp"

#include <cerrno>
#include <filesystem>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <vector>

namespace bulkhead::domain {
namespace {

using Clock = std::chrono::steady_clock;

// The kernel's own announcements of devices that come and go: kobject_uevent() in lib/kobject_uevent.c.
Result<Fd> open_uevents() {
    Fd events(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = 1;
    if (!events || ::bind(events.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        return fail_errno("device events of the kernel");
    return events;
}

Result<std::vector<std::string>> left(const std::string& devices, unsigned domain) {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator at(devices, error), end; !error && at != end; at.increment(error)) {
        if (const std::string name = at->path().filename(); serves(name, domain)) names.push_back(name);
    }
    if (error && error != std::errc::no_such_file_or_directory) return fail_errno(devices, error.value());
    return names;
}

} // namespace

bool serves(std::string_view device, unsigned domain) {
    const std::size_t dash = device.find('-');
    const std::string wanted = std::to_string(domain) + "-";
    return dash != std::string_view::npos && device.substr(dash + 1).starts_with(wanted);
}

Status remove_local_backends(xen::Store& store, unsigned domain) {
    const std::string root = "/local/domain/0/backend";
    return store.transaction([&](xen::Transaction& now) -> Status {
        if (!TRY(now.exists(root))) return {};
        for (const std::string& type : TRY(now.list(root))) {
            const std::string parent = root + "/" + type;
            const std::string path = parent + "/" + std::to_string(domain);
            if (!TRY(now.exists(path))) continue;
            // One by one: the kernel looks only at events that name a device.
            for (const std::string& device : TRY(now.list(path))) TRY(now.remove(path + "/" + device));
            TRY(now.remove(path));
            if (TRY(now.list(parent)).empty()) TRY(now.remove(parent));
        }
        return {};
    });
}

Status await_no_local_backends(unsigned domain, std::chrono::milliseconds patience, const std::string& devices) {
    const Fd events = TRY(open_uevents());
    const auto end = Clock::now() + patience;
    for (;;) {
        const std::vector<std::string> names = TRY(left(devices, domain));
        if (names.empty()) return {};
        const auto rest = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd waiting{events.get(), POLLIN, 0};
        const int ready = rest > 0 ? ::poll(&waiting, 1, static_cast<int>(rest)) : 0;
        if (ready == 0) return fail("dom0's kernel still serves " + join(names, ", "), ETIMEDOUT);
        if (ready < 0 && errno != EINTR) return fail_errno("poll");
        char event[8192];
        while (::recv(events.get(), event, sizeof event, 0) > 0) {
        }
    }
}

} // namespace bulkhead::domain
