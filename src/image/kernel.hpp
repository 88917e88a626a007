// The vmlinux inside a bzImage (Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header").
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace bulkhead::image {

// Unpacks the payload (gzip, xz or zstd) and returns the ELF image, at most 256 MiB. An ELF file as input comes back as
// it is. Pure: every offset in the header is checked.
Result<std::string> extract_vmlinux(std::string_view kernel);

} // namespace bulkhead::image
