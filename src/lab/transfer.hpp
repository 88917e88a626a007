// `lab put` and `lab get`: files and folders between this machine and dom0.
#pragma once

#include "base/result.hpp"
#include "lab/lab.hpp"

#include <cstdint>
#include <string>

namespace bulkhead::lab {

// `target`: a path in dom0; one that ends in '/' or is a folder there takes the source's name. A file appears whole or
// not at all, with the source's mode; a folder is copied into place, merging with what is there.
// The value is the number of bytes sent.
Result<std::uint64_t> put(const Lab& lab, const std::string& source, const std::string& target);
Result<std::uint64_t> get(const Lab& lab, const std::string& source, const std::string& target);

} // namespace bulkhead::lab
