// Programs and libraries of packages; a stripped program must still be readable.
#include "image/elf.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto file = bulkhead::image::parse_elf(bytes);
    const auto stripped = bulkhead::image::strip_program(bytes);
    if (stripped && stripped->size() > size) std::abort();
    if (file && stripped && bulkhead::image::parse_elf(*stripped) && file->needed.size() > 512) std::abort();
    return 0;
}
