// What dom0's own kernel serves to a domain: its devices on the xen-backend bus, and their nodes in xenstore. Of
// interest to whoever uses a domain id again: libxl leaves a PCI backend behind when the guest died in its grip
// ("Backend not ready"), and would add the next device to that wreck. And xenbus in Linux compares xenstore with its
// devices when it gets round to an event, so a backend that is removed and made again under the same path meanwhile
// keeps its old, dead device (xenbus_dev_changed() in drivers/xen/xenbus/xenbus_probe.c).
#pragma once

#include "base/result.hpp"
#include "xen/store.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace bulkhead::domain {

// For a domain that is gone. Removes the nodes of dom0's backends for it.
Status remove_local_backends(xen::Store& store, unsigned domain);

// Blocks until dom0 serves nothing to `domain`. ETIMEDOUT after `patience`, with the names of what is left.
Status await_no_local_backends(unsigned domain, std::chrono::milliseconds patience,
                               const std::string& devices = "/sys/bus/xen-backend/devices");

// Whether a device of that bus ("vif-3-0", "pci-3-0") serves `domain`. Pure.
bool serves(std::string_view device, unsigned domain);

} // namespace bulkhead::domain
