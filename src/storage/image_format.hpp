// What an image file says it is, by its first and last bytes: QEMU believes a configuration's format, and when that is
// wrong the guest waits for its disk in vain. Pure, but for look_at_image().
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace bulkhead::storage {

constexpr std::size_t image_probe_size = 512; // bytes of each end that tell

// "qcow", "qcow2", "vhd", "qed", or "raw" for all else. `head` and `tail` are the first and last image_probe_size
// bytes, or all there are. Magic numbers: QEMU's docs/interop/qcow2.txt and qed_spec.txt; Microsoft's Virtual Hard Disk
// Image Format Specification ("conectix" in the footer, of which a growing image has a copy at its start).
std::string_view image_format(std::string_view head, std::string_view tail);

// Of a file or block device.
Result<std::string_view> look_at_image(const std::string& path);

} // namespace bulkhead::storage
