// The .modinfo section of a Linux module: NUL-separated "key=value" texts (include/linux/moduleparam.h, MODULE_INFO).
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::image {

struct ModuleInfo {
    std::string name;                  // "name="
    std::string vermagic;              // first word: the kernel version
    std::vector<std::string> depends;  // direct ones
    std::vector<std::string> softdeps; // modules wanted before it: "softdep=pre: a b"
    std::vector<std::string> aliases;
};

// `bytes`: a whole .ko, a relocatable 64-bit little-endian ELF file. Pure and bounded.
Result<ModuleInfo> parse_modinfo(std::string_view bytes);

} // namespace bulkhead::image
