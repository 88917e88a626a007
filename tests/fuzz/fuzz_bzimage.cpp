// Kernels, and through their payload the three decompressors with their limits.
#include "image/kernel.hpp"
#include "image/unpack.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    (void)bulkhead::image::extract_vmlinux(bytes);
    constexpr std::size_t limit = 1 << 20;
    const auto unpacked = bulkhead::image::unpack(bytes, limit);
    if (unpacked && unpacked->size() > limit) std::abort();
    return 0;
}
