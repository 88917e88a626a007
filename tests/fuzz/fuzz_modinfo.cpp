// Kernel modules of a package.
#include "image/modinfo.hpp"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    (void)bulkhead::image::parse_modinfo({reinterpret_cast<const char*>(data), size});
    return 0;
}
