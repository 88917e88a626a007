#include "measure/gunzip.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <zlib.h>

namespace bulkhead::measure {

Result<std::string> gunzip(std::string_view bytes, std::size_t limit) {
    if (!bytes.starts_with("\x1f\x8b")) return std::string(bytes);
    if (bytes.size() > std::numeric_limits<uInt>::max()) return fail("gzip: more than 4 GiB");
    z_stream stream = {};
    if (::inflateInit2(&stream, 15 + 16) != Z_OK) return fail("gzip: out of memory");
    const std::unique_ptr<z_stream, decltype(&::inflateEnd)> owner(&stream, ::inflateEnd);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data())); // zlib does not write there
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::string out;
    std::string chunk(64 * 1024, '\0');
    int status = Z_OK;
    while (status == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
        stream.avail_out = static_cast<uInt>(chunk.size());
        status = ::inflate(&stream, Z_NO_FLUSH);
        out.append(chunk, 0, chunk.size() - stream.avail_out);
        if (out.size() > limit) return fail("gzip: more than " + std::to_string(limit) + " bytes inside");
    }
    if (status != Z_STREAM_END)
        return fail("gzip: the stream is broken near byte " + std::to_string(bytes.size() - stream.avail_in));
    if (stream.avail_in != 0)
        return fail("gzip: " + std::to_string(stream.avail_in) + " bytes behind the end of the stream");
    return out;
}

} // namespace bulkhead::measure
