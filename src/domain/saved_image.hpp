// The file of a saved domain: what the domain was, libxl's stream as libxl wrote it, and checksums of the stream's
// parts (XXH64, against damage, not against forgers: restoring runs what the file holds). docs/saved-images.md draws
// the format. Pure.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::domain {

struct SavedHeader {
    std::string name, uuid;
    std::string config;           // xl.cfg text as the domain was when it was saved
    std::string source;           // the configuration file's name, for messages
    std::string directory;        // that relative paths in it mean
    std::string xen;              // hypervisor_identity() of the host that saved it
    std::int64_t saved_ms = 0;    // since 1970
    std::uint64_t memory_kib = 0; // the domain's memory, for progress
};

// Bytes of the stream that have one checksum; the last part may be shorter.
constexpr std::size_t saved_part = 1 << 20;

// ---- writing: the header, the stream, the end ----
std::string print_saved_header(const SavedHeader& header);
// `number`: the part's, from 0.
std::uint64_t saved_part_sum(std::string_view part, std::uint64_t number);
// Behind a stream of `size` bytes with these parts' checksums.
std::string print_saved_end(std::uint64_t size, const std::vector<std::uint64_t>& sums);

// ---- reading ----
struct SavedImage {
    SavedHeader header;
    std::uint64_t stream_at = 0, stream_size = 0; // bytes of the file
    std::vector<std::uint64_t> sums;              // one for each part of the stream

    // The part of that number, which must be below sums.size(), is what was written. Errors name its first byte.
    [[nodiscard]] Status check_part(std::uint64_t number, std::string_view part) const;
};

// Fills the buffer from that byte of the file on; less than it holds means that the file ends there.
using SavedSource = std::function<Result<std::size_t>(std::uint64_t at, char* buffer, std::size_t size)>;

// Everything but the stream itself; the file is all there. Errors: no such file, another format, cut short, damage.
Result<SavedImage> read_saved_image(const SavedSource& source, std::uint64_t file_size);

} // namespace bulkhead::domain
