// Digests of whole files, in one pass for all banks. The one part of measure that reads files; a library of its own.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "measure/hash.hpp"

#include <span>
#include <string>

namespace bulkhead::measure {

// Everything behind the file's offset. Of a large file several banks are computed by a thread each, so four take little
// longer than the slowest one where there are processors for them. Errors begin with `name`.
Result<Digests> hash_file(const Fd& file, const std::string& name, std::span<const Bank> banks);
Result<Digests> hash_file(const std::string& path, std::span<const Bank> banks);

} // namespace bulkhead::measure
