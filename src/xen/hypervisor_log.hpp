// HypervisorLog: what Xen prints, from its ring in memory (`xl dmesg`), as it grows. libxl's reader cannot follow: at
// the end of the ring it has made its own buffer empty.
#pragma once

#include "base/result.hpp"
#include "xen/control.hpp"

#include <cstdint>
#include <string>

#include <utility>

namespace bulkhead::xen {

class HypervisorLog {
public:
    static Result<HypervisorLog> open();

    // What has come since the last call; at first all that the ring holds. What was overwritten meanwhile is lost. At
    // most 1 MiB.
    Result<std::string> more();
    // The same, and empties the ring in one go: nothing is lost in between.
    Result<std::string> take();

private:
    explicit HypervisorLog(Control control) : control_(std::move(control)) {}
    Control control_;
    std::uint32_t index_ = 0; // where Xen goes on
};

} // namespace bulkhead::xen
