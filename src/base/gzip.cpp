#include "base/gzip.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <zlib.h>

namespace bulkhead {

bool is_gzip(std::string_view bytes) {
    return bytes.starts_with("\x1f\x8b");
}

Result<Gunzipped> gunzip(std::string_view packed, std::size_t limit) {
    if (packed.size() > UINT32_MAX) return fail("gzip: the input is larger than 4 GiB");
    z_stream stream{};
    if (::inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) return fail("gzip: out of memory");
    const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream, ::inflateEnd);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data())); // zlib does not write there
    stream.avail_in = static_cast<uInt>(packed.size());
    Gunzipped result;
    std::array<char, std::size_t{64} * 1024> part{};
    for (;;) {
        stream.next_out = reinterpret_cast<Bytef*>(part.data());
        stream.avail_out = static_cast<uInt>(part.size());
        const int code = ::inflate(&stream, Z_NO_FLUSH);
        const std::size_t got = part.size() - stream.avail_out;
        if (got > limit - result.bytes.size())
            return fail("gzip: unpacks to more than the limit of " + std::to_string(limit) + " bytes");
        result.bytes.append(part.data(), got);
        result.used = packed.size() - stream.avail_in;
        if (code == Z_STREAM_END) return result;
        if (code != Z_OK) return fail("gzip: damaged or cut short near byte " + std::to_string(result.used));
    }
}

} // namespace bulkhead
