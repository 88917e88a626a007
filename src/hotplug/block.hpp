// Connecting dom0's disks: the protocol between libxl, a hotplug program and xen-blkback (Xen's
// tools/hotplug/Linux/block and Linux's drivers/block/xen-blkback/xenbus.c).
#pragma once

#include "base/result.hpp"
#include "xen/store.hpp"

#include <string>

namespace bulkhead::hotplug {

// `path`: the backend's folder. Errors are for the node hotplug-error.
Status add_block(xen::Store& store, const std::string& path);
Status remove_block(xen::Store& store, const std::string& path);

// Tells libxl, which reads hotplug-error when the program has failed.
Status report(xen::Store& store, const std::string& path, const std::string& error);

} // namespace bulkhead::hotplug
