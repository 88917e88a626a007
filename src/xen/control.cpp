#include "xen/control.hpp"

extern "C" {
#include <xenctrl.h>
}

namespace bulkhead::xen {

Result<Control> Control::open(xentoollog_logger* log) {
    xc_interface* xc = xc_interface_open(log, log, 0);
    if (xc == nullptr) return fail_errno("Xen's control interface");
    return Control(xc);
}

void Control::Close::operator()(xc_interface_core* xc) const {
    xc_interface_close(xc);
}

} // namespace bulkhead::xen
