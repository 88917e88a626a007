// OsEvent: lets libxl use an sd-event loop for its descriptors and timeouts (libxl_event.h, "OS event handling").
// Private to src/xen.
#pragma once

#include "xen/libxl.hpp"

#include <systemd/sd-event.h>

namespace bulkhead::xen {

// Must outlive the libxl_ctx that it is registered with; the loop must outlive both.
class OsEvent {
public:
    OsEvent(libxl_ctx* context, sd_event* loop) : context_(context), loop_(loop) {}
    OsEvent(const OsEvent&) = delete;
    OsEvent& operator=(const OsEvent&) = delete;

    void bind(); // libxl allows it once per ctx

    [[nodiscard]] libxl_ctx* context() const { return context_; }
    [[nodiscard]] sd_event* loop() const { return loop_; }

private:
    libxl_ctx* context_;
    sd_event* loop_;
};

} // namespace bulkhead::xen
