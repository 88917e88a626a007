// libxenlight belongs to one release of Xen: its SONAME is private to it (libxenlight.so.4.17), and the hypervisor
// refuses the control operations of another one (the interface versions of xen/include/public/domctl.h and sysctl.h),
// which libxl reports as nothing but "Permission denied".
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace bulkhead::xen {

// `linked`: "4.17.0"; `major` and `minor`: of the hypervisor, as /sys/hypervisor/version says them, with line ends. An
// error that says which package is wanted if they are of different releases. Pure.
Status check_release(std::string_view linked, std::string_view major, std::string_view minor);

// The same for the running hypervisor and the libxl that we are linked with. No error where nothing is known.
Status check_running_release();

} // namespace bulkhead::xen
