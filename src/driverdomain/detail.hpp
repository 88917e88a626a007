// What the journal holds of a rebirth that is under way: enough for the next daemon to go on after a kill. Pure.
#pragma once

#include "driverdomain/rebirth.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::driverdomain {

struct RebirthDetail {
    Step step = Step::destroy;         // announced last
    std::optional<std::string> config; // of a planned restart: what it shall become
};

std::string print_detail(const RebirthDetail& detail); // JSON, one line
// What cannot be understood is left out: a rebirth from the beginning is always right.
RebirthDetail parse_detail(std::string_view text);

} // namespace bulkhead::driverdomain
