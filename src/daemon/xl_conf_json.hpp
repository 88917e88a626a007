// `bulkheadd --xl-conf FILE`: what libxlutil reads in xl.conf(5), as JSON for programs that do not link it.
#pragma once

#include "base/result.hpp"

#include <string>

namespace bulkhead::daemon {

// {"autoballoon": "auto", "backend": "", "bridge": "xenbr0"}
Result<std::string> xl_conf_json(const std::string& path);

} // namespace bulkhead::daemon
