// xl.conf(5): the host's settings that shape domains, so that Bulkhead builds what xl would. Pure.
#pragma once

#include "base/result.hpp"
#include "xen/domain_spec.hpp"

#include <string>
#include <string_view>

namespace bulkhead::config {

enum class Autoballoon { off, on, automatic };

struct XlConf {
    xen::HostDefaults host;
    xen::NicSpec nic; // vif.default.*
    Autoballoon autoballoon = Autoballoon::automatic;
    std::string lockfile = "/var/lock/xl";
};

// Unknown keys are left alone: the file belongs to xl. Errors: "SOURCE:LINE: ...".
Result<XlConf> parse_xl_conf(std::string_view text, const std::string& source);

} // namespace bulkhead::config
