// Shared libraries in dom0's archives: each lies where Debian 12's loader finds it, once.
#pragma once

#include "base/result.hpp"
#include "image/initramfs.hpp"
#include "image/library_closure.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::lab {

// Debian 12's merged /usr: "/lib/x" becomes "/usr/lib/x"; packages still ship both.
std::string merged(const std::string& path);

// Whether an uncompressed newc archive has the file `path` (absolute). Pure.
bool archive_holds(std::string_view archive, const std::string& path);

// Adds the libraries that neither the image nor the archive `below`, which the kernel unpacks before it, has.
Status add_libraries(image::Initramfs& image, const std::vector<image::LibraryFile>& libraries,
                     std::string_view below = {});

} // namespace bulkhead::lab
