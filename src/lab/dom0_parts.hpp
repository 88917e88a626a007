// What dom0 has only where it is asked for (`lab up --with`): each part is an archive of its own beside the base,
// because dom0's files are its memory.
//
// "qemu": Debian's device model for Xen, the firmware that it and hvmloader give to HVM guests, qemu-img.
// "lvm": LVM's tools, with settings for a machine without udev and dmeventd.
#pragma once

#include "base/result.hpp"
#include "image/initramfs.hpp"
#include "image/package_cache.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::lab {

const std::vector<std::string>& dom0_part_names();

// The Debian packages that a part's files and libraries come from, those of the base aside. `part`: one of the names.
const std::vector<std::string>& part_packages(const std::string& part);

// The part's files. `cache` holds its packages and `base_packages`; libraries that `base`, the base's archive, has are
// left out.
Result<image::Initramfs> part_image(const image::PackageCache& cache, const std::string& part,
                                    const std::vector<std::string>& base_packages, std::string_view base);

} // namespace bulkhead::lab
