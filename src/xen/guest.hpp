// What can be sent to a guest, and what its toolstack nodes say, through libxl. For worker processes.
#pragma once

#include "base/result.hpp"
#include "xen/context.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::xen {

// "nmi", "power", ...: libxl's names, without its "unknown".
const std::vector<std::string>& trigger_names();
Status send_trigger(Context& xen, unsigned domain, const std::string& trigger, unsigned vcpu);
// The guest's kernel reads the letter from xenstore.
Status send_sysrq(Context& xen, unsigned domain, char letter);

// When it was made, in seconds since 1970; nullopt: nobody wrote it down.
std::optional<std::uint32_t> start_time(Context& xen, unsigned domain);

struct VtpmInfo {
    int devid = 0, state = 0, event_channel = 0, ring_reference = 0;
    unsigned backend_domain = 0;
    std::string uuid, backend; // backend: its xenstore path
};
std::vector<VtpmInfo> list_vtpms(Context& xen, unsigned domain);

// Channels are consoles with names (xen.git, docs/misc/channels.txt).
struct ChannelInfo {
    int devid = 0, state = 0, event_channel = 0, ring_reference = 0;
    unsigned backend_domain = 0;
    std::string connection; // "pty" or "socket"
    std::string pty;        // its path
};
std::vector<ChannelInfo> list_channels(Context& xen, unsigned domain);

// What QEMU's human monitor answers. Only where the domain has a device model.
Result<std::string> monitor_command(Context& xen, unsigned domain, const std::string& command);

} // namespace bulkhead::xen
