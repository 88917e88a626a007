#include "xen/osevent.hpp"

#include "base/fd.hpp"

#include <fcntl.h>
#include <memory>
#include <sys/epoll.h>

namespace bulkhead::xen {
namespace {

struct FdWatch {
    OsEvent* owner;
    Fd copy; // libxl may register one descriptor more than once, epoll takes each only once
    int fd;  // as libxl knows it
    void* for_libxl;
    short events;
    sd_event_source* source = nullptr;
};

struct Timeout {
    OsEvent* owner;
    void* for_libxl;
    sd_event_source* source = nullptr;
};

// poll(2) and epoll(7) share these bits on Linux.
static_assert(POLLIN == EPOLLIN && POLLPRI == EPOLLPRI && POLLOUT == EPOLLOUT && POLLERR == EPOLLERR &&
              POLLHUP == EPOLLHUP);

std::uint32_t epoll_bits(short events) {
    return static_cast<std::uint32_t>(events) & (EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLERR | EPOLLHUP);
}

int on_fd(sd_event_source*, int, std::uint32_t revents, void* data) {
    const auto* watch = static_cast<FdWatch*>(data);
    // libxl may deregister, and so free, the watch during the call: nothing of it is used afterwards.
    libxl_osevent_occurred_fd(watch->owner->context(), watch->for_libxl, watch->fd, watch->events,
                              static_cast<short>(revents));
    return 0;
}

int on_timeout(sd_event_source* source, std::uint64_t, void* data) {
    const std::unique_ptr<Timeout> timeout(static_cast<Timeout*>(data)); // libxl: "implicitly deregistered"
    sd_event_source_disable_unref(source);
    libxl_osevent_occurred_timeout(timeout->owner->context(), timeout->for_libxl);
    return 0;
}

int fd_register(void* user, int fd, void** registration, short events, void* for_libxl) {
    auto* owner = static_cast<OsEvent*>(user);
    auto watch =
        std::make_unique<FdWatch>(FdWatch{owner, Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3)), fd, for_libxl, events, nullptr});
    if (!watch->copy) return ERROR_OSEVENT_REG_FAIL;
    if (sd_event_add_io(owner->loop(), &watch->source, watch->copy.get(), epoll_bits(events), on_fd, watch.get()) < 0) {
        return ERROR_OSEVENT_REG_FAIL;
    }
    *registration = watch.release();
    return 0;
}

int fd_modify(void* /*user*/, int /*fd*/, void** registration, short events) {
    auto* watch = static_cast<FdWatch*>(*registration);
    if (sd_event_source_set_io_events(watch->source, epoll_bits(events)) < 0) return ERROR_OSEVENT_REG_FAIL;
    watch->events = events;
    return 0;
}

void fd_deregister(void* /*user*/, int /*fd*/, void* registration) {
    const std::unique_ptr<FdWatch> watch(static_cast<FdWatch*>(registration));
    sd_event_source_disable_unref(watch->source);
}

int timeout_register(void* user, void** registration, timeval at, void* for_libxl) {
    auto* owner = static_cast<OsEvent*>(user);
    auto timeout = std::make_unique<Timeout>(Timeout{owner, for_libxl, nullptr});
    // libxl takes its absolute times from gettimeofday().
    const std::uint64_t when = static_cast<std::uint64_t>(at.tv_sec) * 1000000 + static_cast<std::uint64_t>(at.tv_usec);
    if (sd_event_add_time(owner->loop(), &timeout->source, CLOCK_REALTIME, when, 0, on_timeout, timeout.get()) < 0) {
        return ERROR_OSEVENT_REG_FAIL;
    }
    *registration = timeout.release();
    return 0;
}

int timeout_modify(void* /*user*/, void** registration, timeval /*always {0,0}*/) {
    // The time 0 is long past: the loop calls on_timeout() in its next round, never from inside libxl.
    auto* timeout = static_cast<Timeout*>(*registration);
    return sd_event_source_set_time(timeout->source, 0) < 0 ? ERROR_OSEVENT_REG_FAIL : 0;
}

void timeout_deregister(void* /*user*/, void* /*registration*/) {} // libxl_event.h: "will never be called"

constexpr libxl_osevent_hooks hooks = {fd_register,      fd_modify,      fd_deregister,
                                       timeout_register, timeout_modify, timeout_deregister};

} // namespace

void OsEvent::bind() {
    libxl_osevent_register_hooks(context_, &hooks, this);
}

} // namespace bulkhead::xen
