// Who may have a disk: storage/sharing.hpp's rule with this host's facts. For workers.
#pragma once

#include "base/lock_file.hpp"
#include "base/result.hpp"
#include "xen/context.hpp"
#include "xen/domain.hpp"
#include "xen/domain_spec.hpp"
#include "xen/store.hpp"

#include <map>
#include <string>
#include <vector>

namespace bulkhead::domain {

// Held from the question who has a disk until it is given: two workers cannot both find it free.
Result<LockFile> lock_disks();

// Error EBUSY: one of `wanted` is used by dom0 or a domain, or by another one of `wanted`, in a way that the rule
// forbids; EINVAL: it is not of the format that the configuration says; ENOENT and others: it cannot be looked at.
// Disks that another domain serves are known by their names only.
Status check_disks(xen::Context& xen, xen::Store& store, const std::vector<xen::DiskSpec>& wanted);

// After a disk has been connected: that dom0's backend opened what the name meant when the rule and the policy were
// asked. A symbolic link, or the file, may have become another one between. `nodes`: Permit::disk_nodes. Error ESTALE.
// What QEMU opens by itself (qcow2, emulated CD drives) is not seen.
Status check_held(xen::Context& xen, xen::Store& store, unsigned domain,
                  const std::map<std::string, std::string>& nodes);

// The program that connects dom0's disks instead of Xen's shell scripts (hotplug/), if it is installed: as script= of
// those disks that it can serve. A bootloader in dom0 reads its disk before there is a script; a device model finds the
// disk by the script's physical-device-path (libxl_disk.c, libxl__device_disk_find_local_path).
void use_own_script(xen::DomainSpec& spec);
void use_own_script(xen::DiskSpec& disk);
void forget_own_script(xen::DiskSpec& disk); // of a disk that libxl remembers

// xm's block-attach DOMAIN BACKDEV FRONTDEV MODE [BACKDOMAIN], and every form of xl's.
Result<xen::DiskSpec> parse_disk_words(std::vector<std::string> words);

} // namespace bulkhead::domain
