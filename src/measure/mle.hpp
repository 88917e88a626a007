// The measured launch environment: tboot, as SINIT measures it. Pure.
// Source: Intel TXT Software Development Guide, 2.1 (MLE header); tboot's lcptools-v2/mlehash.c.
#pragma once

#include "base/result.hpp"
#include "measure/hash.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bulkhead::measure {

inline constexpr std::size_t mle_limit = 64 << 20; // bytes of the image in memory

struct Mle {
    std::uint32_t version = 0; // 0x20001: 2.1
    std::uint32_t capabilities = 0;
    std::uint32_t start = 0; // of what is measured, from the beginning of `image`
    std::uint32_t end = 0;
    std::uint32_t command_line = 0; // the space that the command line is written into
    std::uint32_t command_line_end = 0;
    std::string image; // the loaded segments without gaps
};

// An ELF32 program for i386, gunzipped. Errors: no such program, segments outside the file or more than mle_limit in
// memory, no MLE header, a header whose offsets leave the image.
Result<Mle> parse_mle(std::string_view elf);

// Digests of the MLE once GRUB wrote tboot's command line (what stands behind the file's name) into it; cut to the
// space that there is, as tboot's tools do.
Digests mle_hash(std::span<const Bank> banks, const Mle& mle, std::string_view command_line);

} // namespace bulkhead::measure
