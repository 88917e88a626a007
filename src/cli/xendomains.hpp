// /etc/default/xendomains: what Xen's own script for a host's start and end is told, honoured by ours. Pure.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace bulkhead::cli {

struct XendomainsSettings {
    std::string autostart = "/etc/xen/auto"; // XENDOMAINS_AUTO; empty: nothing is started from files
    std::string save = "/var/lib/xen/save";  // XENDOMAINS_SAVE; empty: domains are shut down
    bool restore = true;                     // XENDOMAINS_RESTORE
    std::chrono::seconds patience{300};      // XENDOMAINS_STOP_MAXWAIT
};

// The defaults are those of the file that Debian's xen-utils-common installs.
Result<XendomainsSettings> parse_xendomains(std::string_view text, const std::string& source);

} // namespace bulkhead::cli
