// Control: Xen's control interface (libxc), for what libxl does not offer, or only slowly.
#pragma once

#include "base/result.hpp"

#include <memory>

struct xc_interface_core;
struct xentoollog_logger;

namespace bulkhead::xen {

class Control {
public:
    // What libxc has to say goes to `log`, which outlives this object; without it to stderr.
    static Result<Control> open(xentoollog_logger* log = nullptr);

    [[nodiscard]] xc_interface_core* get() const { return xc_.get(); }

private:
    struct Close {
        void operator()(xc_interface_core* xc) const;
    };
    explicit Control(xc_interface_core* xc) : xc_(xc) {}
    std::unique_ptr<xc_interface_core, Close> xc_;
};

} // namespace bulkhead::xen
