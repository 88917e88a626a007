// libxl's list of domain ids that were used a short time ago, which it refuses to use again (libxl_domain.c,
// libxl__is_domid_recent): "SECONDS DOMID" lines in XEN_RUN_DIR/domid-history. A driver domain that returns wants
// exactly such an id. LIBXL_DOMID_REUSE_TIMEOUT=0 does not do: an id of the same second stays refused.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace bulkhead::xen {

// The list without the lines of `domain`; every other line as it was. Pure.
std::string without_domid(std::string_view history, unsigned domain);

// Takes `domain` off the list, under libxl's own lock, so that the next creation may ask for that id. Other ids keep
// their protection. No list: nothing to do.
Status forget_recent_domid(unsigned domain, const std::string& run_directory = "/run/xen");

} // namespace bulkhead::xen
