// What a 64-bit little-endian ELF file asks of the dynamic loader (System V gABI chapter 5; elf.h).
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::image {

struct ElfFile {
    std::string interpreter;          // PT_INTERP; "" for libraries and static programs
    std::string soname;               // DT_SONAME
    std::vector<std::string> needed;  // DT_NEEDED, in order
    std::vector<std::string> runpath; // DT_RUNPATH, or DT_RPATH without one: split at ':', "$ORIGIN" kept
};

// Pure and bounded: any offset outside `bytes`, any string without end, more than 512 libraries is an error.
Result<ElfFile> parse_elf(std::string_view bytes);

// A program without its section headers and without what stands behind the last segment (debug information, symbols):
// what the kernel maps does not change. A debug and a release build of the same code differ less, and the image stays
// small.
Result<std::string> strip_program(std::string_view bytes);

} // namespace bulkhead::image
