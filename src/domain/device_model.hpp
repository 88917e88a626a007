// What a device model (QEMU) that did not start said: libxl only sees that its channel closed.
#pragma once

#include "base/result.hpp"

#include <ctime>
#include <string>
#include <string_view>

namespace bulkhead::domain {

// The last line that has something in it, without QEMU's own name before it; at most 300 characters, made printable,
// because a guest may have a part in it. Pure.
std::string last_words(std::string_view log);

// Adds them to libxl's error about the device model of domain `name`, if QEMU has written its log (libxl_dm.c:
// qemu-dm-NAME.log) since `began`. Other errors come back as they are.
Error explain_device_model(Error error, const std::string& name, std::time_t began,
                           const std::string& folder = "/var/log/xen");

} // namespace bulkhead::domain
