// The words of a vif that belong to COLO: texts that go into libxl's structure as they are. xl knows them, the manual
// does not; Xen calls them unstable.
#pragma once

#include "xen/domain_spec.hpp"

#include <string_view>

struct libxl_device_nic;

namespace bulkhead::xen {

bool is_colo_word(std::string_view word);
void set_colo(const NicSpec& spec, libxl_device_nic& nic); // private to src/xen

} // namespace bulkhead::xen
