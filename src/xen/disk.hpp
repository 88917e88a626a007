// Virtual disks of domains, through libxl. For worker processes: adding and removing wait for backends.
#pragma once

#include "base/result.hpp"
#include "xen/context.hpp"
#include "xen/domain_spec.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bulkhead::xen {

struct DiskInfo {
    unsigned devid = 0;
    std::string vdev;   // "xvda"
    std::string target; // as it was given; libxl cuts a phy name before its last ':'
    std::string type;   // "phy", "qdisk"
    bool writable = false;
    bool cdrom = false;
    unsigned backend_domain = 0;
    unsigned frontend_domain = 0;
    int state = 0; // of the frontend, XenbusState
    int event_channel = -1;
    int ring = -1;       // grant reference
    std::string backend; // xenstore path
};

Result<std::vector<DiskInfo>> list_disks(Context& xen, unsigned domain);
// `vdev` in any spelling (xvda, 51712); nullopt: it has no such disk.
Result<std::optional<DiskInfo>> find_disk(Context& xen, unsigned domain, const std::string& vdev);

// When libxl gives up it leaves nodes behind: the caller may read them, then calls destroy_disk().
Result<DiskInfo> add_disk(Context& xen, unsigned domain, const DiskSpec& spec);
// Asks the guest, which may refuse while it uses the disk: an error after 10 s, and the disk stays.
Status remove_disk(Context& xen, unsigned domain, const std::string& vdev);
// Takes it away, whatever the guest does with it.
Status destroy_disk(Context& xen, unsigned domain, const std::string& vdev);

// Another medium, or with an empty target none, in a CD drive of an HVM domain.
Status insert_cd(Context& xen, unsigned domain, const DiskSpec& spec);

// The JSON that `xl -N block-attach` prints behind "disk: ".
Result<std::string> describe_disk(Context& xen, const DiskSpec& spec);

} // namespace bulkhead::xen
