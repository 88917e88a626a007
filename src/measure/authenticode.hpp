// The hash of a PE image that UEFI firmware and shim measure into PCR 4: Microsoft's "Windows Authenticode Portable
// Executable Signature Format" 1.0, "Calculating the PE Image Hash". Pure.
#pragma once

#include "base/result.hpp"
#include "measure/hash.hpp"

#include <span>
#include <string_view>

namespace bulkhead::measure {

// Everything but the checksum, the directory entry of the certificates and the certificates. Errors name the byte.
Result<Digests> authenticode(std::span<const Bank> banks, std::string_view image);

} // namespace bulkhead::measure
