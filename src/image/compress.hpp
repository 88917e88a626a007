// Compressor: a stream through gzip, zstd or xz in a form that Linux unpacks as an initial RAM file system. One thread
// and fixed settings: the same bytes in give the same bytes out (for one version of the library). The compressors of
// libarchive are not used because its xz writer puts CRC64 checksums in, which the kernel's decoder refuses
// (Documentation/staging/xz.rst: only CRC32).
#pragma once

#include "base/result.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace bulkhead::image {

enum class Compression { none, gzip, zstd, xz };

// "none", "gzip", "zstd", "xz"
std::optional<Compression> parse_compression(std::string_view name);
std::string_view name(Compression compression);

class Compressor {
public:
    using Sink = std::function<Status(std::string_view)>; // gets the compressed bytes; its error comes back from
                                                          // write() and finish()

    static Result<std::unique_ptr<Compressor>> create(Compression compression, Sink sink);
    virtual ~Compressor() = default;
    Compressor(const Compressor&) = delete;
    Compressor& operator=(const Compressor&) = delete;

    virtual Status write(std::string_view bytes) = 0;
    virtual Status finish() = 0; // once, after the last write()

protected:
    explicit Compressor(Sink sink) : sink_(std::move(sink)) {}
    Sink sink_;
};

} // namespace bulkhead::image
