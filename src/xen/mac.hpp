// MAC addresses of Xen's own range.
#pragma once

#include "base/mac_address.hpp"

#include <string>

namespace bulkhead::xen {

// A random one of 00:16:3e:00:00:00 to 00:16:3e:7f:ff:ff, as libxl makes them.
std::string new_mac();

} // namespace bulkhead::xen
