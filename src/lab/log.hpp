// `lab log`: prints a lab's consoles from its log files.
#pragma once

#include "base/result.hpp"
#include "lab/lab.hpp"

#include <optional>

#include <string>
#include <string_view>

namespace bulkhead::lab {

// `guest` empty: Xen's and dom0's console; "all": every line of guests.log; otherwise that guest's lines without their
// "[NAME] " mark. `follow`: until the lab ends or SIGINT arrives. Works for a dead lab too. `json`: one object per
// line.
Result<int> print_log(const Lab& lab, const std::string& guest, bool follow, bool json);

// The text of a line of guests.log if it belongs to `guest` ("all": every line, mark included). Pure.
std::optional<std::string_view> guest_line(std::string_view line, std::string_view guest);

} // namespace bulkhead::lab
