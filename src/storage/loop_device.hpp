// Loop devices (linux/loop.h): files as block devices. Needs root.
#pragma once

#include "base/result.hpp"

#include <string>

namespace bulkhead::storage {

// Puts `file` (absolute) on a free loop device and returns that: "/dev/loop3".
Result<std::string> attach_loop(const std::string& file, bool read_only);

// Frees the device, at once or when its last user closes it. A device that by now holds another file is left alone.
Status detach_loop(const std::string& device, const std::string& file);

} // namespace bulkhead::storage
