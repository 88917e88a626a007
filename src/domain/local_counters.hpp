// What dom0's own back ends have carried for domains. What a driver domain carries is counted there, not here.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::domain {

// As the vif counts: received is what the guest has sent.
struct VifCounters {
    unsigned domain = 0, devid = 0;
    std::uint64_t received_bytes = 0, received_packets = 0, received_errors = 0, received_dropped = 0;
    std::uint64_t sent_bytes = 0, sent_packets = 0, sent_errors = 0, sent_dropped = 0;
};
// The text of /proc/net/dev. Interfaces that are not named vifD.N, and lines that are none, are left out. Pure.
std::vector<VifCounters> parse_vif_counters(std::string_view text);

struct DiskCounters {
    unsigned domain = 0, device = 0; // device: number of the virtual device, e.g. 51712 for xvda
    bool known = false;              // else the back end counts nothing
    std::uint64_t out_of_requests = 0, reads = 0, writes = 0, read_sectors = 0, written_sectors = 0;
};
// Of blkback: the folders vbd-D-DEVICE below `folder`, which is /sys/bus/xen-backend/devices. None: no such folder.
std::vector<DiskCounters> disk_counters(const std::string& folder);

} // namespace bulkhead::domain
