#include "image/unpack.hpp"

#include "base/gzip.hpp"

#include <array>
#include <cstdint>
#include <lzma.h>
#include <memory>
#include <zstd.h>

namespace bulkhead::image {
namespace {

using namespace std::string_view_literals;
using Chunk = std::array<char, std::size_t{64} * 1024>;

Status append(std::string& bytes, const Chunk& chunk, std::size_t size, std::size_t limit) {
    if (size > limit - bytes.size())
        return fail("unpacks to more than the limit of " + std::to_string(limit >> 20) + " MiB");
    bytes.append(chunk.data(), size);
    return {};
}

Result<std::string> unpack_xz(std::string_view packed, std::size_t limit) {
    lzma_stream stream = LZMA_STREAM_INIT;
    constexpr std::uint64_t memory = 256 << 20; // a hostile header may ask for a 4 GiB dictionary
    if (::lzma_stream_decoder(&stream, memory, 0) != LZMA_OK) return fail("xz: out of memory");
    const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> owner(&stream, ::lzma_end);
    stream.next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
    stream.avail_in = packed.size();
    std::string bytes;
    Chunk chunk;
    for (;;) {
        stream.next_out = reinterpret_cast<std::uint8_t*>(chunk.data());
        stream.avail_out = chunk.size();
        const lzma_ret code = ::lzma_code(&stream, LZMA_FINISH);
        TRY(append(bytes, chunk, chunk.size() - stream.avail_out, limit));
        if (code == LZMA_STREAM_END) return bytes;
        if (code != LZMA_OK) return fail("xz: damaged or cut short (liblzma error " + std::to_string(code) + ")");
    }
}

Result<std::string> unpack_zstd(std::string_view packed, std::size_t limit) {
    const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> stream(::ZSTD_createDCtx(), ::ZSTD_freeDCtx);
    if (!stream) return fail("zstd: out of memory");
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    std::string bytes;
    Chunk chunk;
    for (;;) {
        ZSTD_outBuffer out{chunk.data(), chunk.size(), 0};
        const std::size_t left = ::ZSTD_decompressStream(stream.get(), &out, &in);
        if (::ZSTD_isError(left)) return fail(std::string("zstd: ") + ::ZSTD_getErrorName(left));
        TRY(append(bytes, chunk, out.pos, limit));
        if (left == 0) return bytes;
        if (in.pos == in.size && out.pos == 0) return fail("zstd: cut short");
    }
}

} // namespace

Result<std::string> unpack(std::string_view packed, std::size_t limit) {
    if (is_gzip(packed)) return TRY(gunzip(packed, limit)).bytes;
    if (packed.starts_with("\xfd\x37zXZ\0"sv)) return unpack_xz(packed, limit);
    if (packed.starts_with("\x28\xb5\x2f\xfd"sv)) return unpack_zstd(packed, limit);
    return fail("neither gzip nor xz nor zstd data");
}

} // namespace bulkhead::image
