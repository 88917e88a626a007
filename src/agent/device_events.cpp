#include "agent/device_events.hpp"

#include "base/text.hpp"

#include <cerrno>
#include <linux/netlink.h>
#include <sys/socket.h>

namespace bulkhead::agent {

Result<DeviceEvent> parse_device_event(std::string_view bytes) {
    const auto parts = split(bytes, '\0');
    const std::size_t at = parts[0].find('@');
    if (at == 0 || at == std::string_view::npos) return fail("not a kernel uevent", EPROTO);
    DeviceEvent event;
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const auto take = [&](std::string_view key, std::string& value) {
            if (parts[i].starts_with(key)) value = parts[i].substr(key.size());
        };
        take("ACTION=", event.action);
        take("SUBSYSTEM=", event.subsystem);
        take("DEVPATH=", event.device_path);
        take("MODALIAS=", event.modalias);
    }
    if (event.action.empty() || event.subsystem.empty())
        return fail("kernel uevent without action or subsystem", EPROTO);
    return event;
}

Result<DeviceEvents> DeviceEvents::open() {
    Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
    if (!fd) return fail_errno("device event socket");
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = 1; // the kernel's own events; udevd's are group 2
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return fail_errno("device event socket");
    }
    return DeviceEvents(std::move(fd));
}

Result<DeviceEvents::Batch> DeviceEvents::take() {
    Batch batch;
    char buffer[8 * 1024]; // UEVENT_BUFFER_SIZE is 2048
    for (;;) {
        sockaddr_nl from{};
        socklen_t from_size = sizeof from;
        const ssize_t got =
            ::recvfrom(fd_.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &from_size);
        if (got < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN) return batch;
            if (errno != ENOBUFS) return fail_errno("device events");
            batch.lost = true;
            continue;
        }
        if (from.nl_pid != 0) continue; // only the kernel is believed
        if (auto event = parse_device_event({buffer, static_cast<std::size_t>(got)})) {
            batch.events.push_back(std::move(*event));
        }
    }
}

} // namespace bulkhead::agent
