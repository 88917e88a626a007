#include "lab/init/ports.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <memory>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace bulkhead::lab {
namespace {

constexpr const char* class_folder = "/sys/class/virtio-ports";

std::vector<std::string> device_names() {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(class_folder), ::closedir);
    if (!folder) return names; // no port yet
    while (const dirent* entry = ::readdir(folder.get())) {
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    return names;
}

} // namespace

Status Ports::start(Found found) {
    found_ = std::move(found);
    epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll_) return fail_errno("epoll_create1");
    loop_.watch(epoll_.get(), POLLIN, [this](short) {
        epoll_event events[16];
        const int count = ::epoll_wait(epoll_.get(), events, 16, 0);
        for (int i = 0; i < count; ++i) {
            const auto entry = ready_.find(events[i].data.fd);
            if (entry != ready_.end()) entry->second(events[i].events);
        }
    });
    // A port gets its name by a message after it appeared; the kernel then sends a "change" event.
    uevents_ = Fd(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = 1; // the kernel's own events
    if (!uevents_ || ::bind(uevents_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return fail_errno("kernel events");
    }
    loop_.watch(uevents_.get(), POLLIN, [this](short) {
        char buffer[8192];
        bool ours = false;
        for (;;) {
            const ssize_t got = ::recv(uevents_.get(), buffer, sizeof buffer, 0);
            if (got < 0 && errno == ENOBUFS) {
                ours = true; // some were lost: look
                continue;
            }
            if (got <= 0) break;
            const std::string_view event(buffer, static_cast<std::size_t>(got));
            ours = ours || event.find("SUBSYSTEM=virtio-ports") != std::string_view::npos;
        }
        if (ours) scan();
    });
    scan();
    return {};
}

void Ports::scan() {
    for (const std::string& device : device_names()) {
        if (known_[device]) continue;
        const auto name = read_file(std::string(class_folder) + "/" + device + "/name", 256);
        if (!name || trim(*name).empty()) continue;
        Fd port(::open(("/dev/" + device).c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
        if (!port) {
            log::warning("/dev/" + device + " cannot be opened");
            continue;
        }
        known_[device] = true;
        found_(std::string(trim(*name)), std::move(port));
    }
}

Status Ports::watch(int port, Ready ready) {
    ready_[port] = std::move(ready);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.fd = port;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, port, &event) != 0) return fail_errno("epoll_ctl");
    return {};
}

} // namespace bulkhead::lab
