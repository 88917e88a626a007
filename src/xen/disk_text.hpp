// xl-disk-configuration(5): a disk's text to a DiskSpec, through libxlutil's own parser. Needs no running Xen and looks
// at no file: whether the target exists is the business of whoever attaches the disk.
#pragma once

#include "base/result.hpp"
#include "xen/domain_spec.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::xen {

constexpr std::size_t disk_text_max = 4096; // bytes: a path and then some

// "file:/srv/root.img,xvda,w", "vdev=xvda,format=qcow2,target=/srv/a,b". Two forms that only xm
// took: a `vdev` of the shape /dev/hda is hda, and a mode w! or r! at the end is w or r with `shared` set. Errors carry
// libxlutil's words, without the text itself.
Result<DiskSpec> parse_disk(std::string_view text);

// The parts of one disk, as block-attach has them on its command line.
Result<DiskSpec> parse_disk(const std::vector<std::string>& parts);

// The text that parse_disk() reads back as the same disk, but for `shared` and COLO, which it leaves out.
std::string print_disk(const DiskSpec& disk);

} // namespace bulkhead::xen
