// The file of a saved domain: what the domain was, then libxl's stream in frames, each with its checksum (XXH64,
// against damage, not against forgers: restoring runs what the file holds). docs/saved-images.md draws the format.
// Pure.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

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

class SavedWriter {
public:
    static constexpr std::size_t frame_max = 1 << 20; // bytes of the stream

    static std::string header(const SavedHeader& header);
    // What goes before these bytes, of which there are 1 to frame_max.
    std::string frame(std::string_view bytes);
    // What goes behind the last frame.
    [[nodiscard]] std::string end() const;

private:
    std::uint64_t frames_ = 0, bytes_ = 0;
};

class SavedReader {
public:
    // Fills the buffer as far as the file goes; less than it holds means that it ends there.
    using Source = std::function<Result<std::size_t>(char* buffer, std::size_t size)>;
    explicit SavedReader(Source source) : source_(std::move(source)) {}

    static constexpr std::size_t header_max = 2 << 20;
    static constexpr std::size_t end_size = 28; // of a file's last bytes

    // First. Errors: no such file, a newer format, damage.
    Result<SavedHeader> header();
    // Whether a file of `file_size` bytes with these last end_size bytes is all there, before anything is built from
    // it. After header().
    [[nodiscard]] Status check_end(std::string_view last, std::uint64_t file_size) const;
    // The stream's next bytes, valid until the next call; empty: its checked end. Errors name the byte.
    Result<std::string_view> next();

private:
    Result<std::string_view> take(std::size_t size, const char* what);

    Source source_;
    std::string buffer_;
    std::uint64_t at_ = 0; // in the file
    std::uint64_t header_size_ = 0;
    std::uint64_t frames_ = 0, bytes_ = 0;
};

} // namespace bulkhead::domain
