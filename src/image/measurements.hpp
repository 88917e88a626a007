// What a launcher or a vTPM measures of a service VM's image: kernel, initramfs and command line, in all banks, as
// JSON. docs/image.md describes it.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>

namespace bulkhead::image {

// Of the image in the folder `directory`. `command_line` is the one of the domain's configuration; without one the
// measurements lack it. The same files give the same text.
Result<std::string> image_measurements(const std::string& directory, const std::optional<std::string>& command_line);

} // namespace bulkhead::image
