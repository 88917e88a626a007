// Context: owns one libxl_ctx and one libxc handle, and collects what libxl says while it works, so that an error
// carries libxl's own reason instead of "rc=-3".
#pragma once

#include "base/result.hpp"
#include "xen/control.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct libxl__ctx; // NOLINT(bugprone-reserved-identifier): libxl named it
struct sd_event;

namespace bulkhead::xen {

enum class DomainEventKind { shut_down, died };

struct DomainEvent {
    DomainEventKind kind = DomainEventKind::died;
    unsigned domain = 0;
    int shutdown_reason = -1; // of shut_down: 0 poweroff, 1 reboot, 2 suspend, 3 crash, 4 watchdog, 5 soft reset
    bool operator==(const DomainEvent&) const = default;
};

// DomainEvent's, DomainInfo's: SHUTDOWN_suspend of xen/sched.h. Such a domain may go on.
inline constexpr int shutdown_suspend = 2;

class Context {
public:
    // Errors: another release of Xen than libxl's, not in a Xen dom0, no right to, xenstored not running; each says
    // what to do. Each process needs its own.
    static Result<std::unique_ptr<Context>> open();
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    [[nodiscard]] libxl__ctx* get() const;
    [[nodiscard]] const Control& control() const;

    // An error for a libxl call that returned `code`: "WHAT: libxl's messages since the last clear()".
    [[nodiscard]] tl::unexpected<Error> error(std::string_view what, int code) const;
    // libxl's errors and warnings since the last clear(), oldest first, bounded.
    [[nodiscard]] const std::vector<std::string>& messages() const;
    void clear();

    // Binds libxl's own events to an sd-event loop, which must outlive this object. Afterwards `happened` is called
    // from the loop (never from inside libxl) for the domains given to watch_domain(). Call once.
    Status attach(sd_event* loop, std::function<void(const DomainEvent&)> happened);
    // Needs attach(). A domain that has already shut down or gone is reported at once. Watching ends with the death.
    Status watch_domain(unsigned domain);
    // No event of the domain any more, nor one that waits to be delivered: another domain may get its id.
    void unwatch_domain(unsigned domain);

private:
    Context();
    struct State;
    std::unique_ptr<State> state_;
};

// In a child of fork() that will not exec: gives up every libxl handle that it inherited. The parent's Context must
// not be used, nor freed, in this process.
void forget_inherited(const Context& parent);

} // namespace bulkhead::xen
