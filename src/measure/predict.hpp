// A prediction from a description of the boot: which folders GRUB sees, which images the firmware starts, what tboot
// loads. docs/measure.md describes the file. Opens the files that the description names.
#pragma once

#include "base/result.hpp"
#include "measure/event_list.hpp"

#include <string>

namespace bulkhead::measure {

// `path`: the JSON file; paths in it are relative to its folder. Unknown keys and missing facts are errors.
Result<EventList> predict_from_file(const std::string& path);

} // namespace bulkhead::measure
