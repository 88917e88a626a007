// What only xm (Xen 3) understood and files still have: the kernel's network and NFS root from single keys, and keys
// that nothing reads any more. Pure. docs/xl-differences.md lists them all.
#pragma once

#include "base/result.hpp"
#include "config/reader.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::config {

// Keys that shape_cmdline() reads.
const std::vector<std::string>& cmdline_keys();

// The kernel's command line from root=, extra= as xl, and from ip=, dhcp=, netmask=, gateway=, hostname=, interface=,
// nfs_server= and nfs_root= as xm: "ip=CLIENT:SERVER:GATEWAY:NETMASK:HOSTNAME:DEVICE:AUTOCONF root=ROOT
// nfsroot=SERVER:PATH EXTRA" (Linux, Documentation/admin-guide/nfs/nfsroot.rst). nullopt: none of the keys is there.
Result<std::optional<std::string>> shape_cmdline(const Reader& reader);

// Why a key has no effect, when it once had one.
std::optional<std::string_view> why_ignored(std::string_view key);

} // namespace bulkhead::config
