// HypervisorLog: what Xen prints, from its ring in memory (`xl dmesg`), as it grows. libxl's reader cannot follow: at
// the end of the ring it has made its own buffer empty.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>

// libxenctrl's handle; only src/xen looks inside.
struct xc_interface_core;

namespace bulkhead::xen {

class HypervisorLog {
public:
    static Result<HypervisorLog> open();
    ~HypervisorLog();
    HypervisorLog(HypervisorLog&& other) noexcept;
    HypervisorLog& operator=(HypervisorLog&&) = delete;

    // What has come since the last call; at first all that the ring holds. What was overwritten meanwhile is lost. At
    // most 1 MiB.
    Result<std::string> more();
    // The same, and empties the ring in one go: nothing is lost in between.
    Result<std::string> take();

private:
    explicit HypervisorLog(xc_interface_core* xc) : xc_(xc) {}
    xc_interface_core* xc_;
    std::uint32_t index_ = 0; // where Xen goes on
};

} // namespace bulkhead::xen
