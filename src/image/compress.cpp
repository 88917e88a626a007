#include "image/compress.hpp"

#include <array>
#include <cstdint>
#include <lzma.h>
#include <string>
#include <vector>
#include <zlib.h>
#include <zstd.h>

namespace bulkhead::image {
namespace {

constexpr std::size_t chunk_size = 64 * 1024;

// Measured on NDVM images: level 19 packs 11 % tighter than 9 but takes 20 times as long (50 s for all Ethernet
// drivers).
constexpr int zstd_level = 9;
constexpr int gzip_level = 9;
// Preset 6 has an 8 MiB dictionary; larger ones only cost memory in the guest.
constexpr std::uint32_t xz_preset = 6;

class Plain final : public Compressor {
public:
    explicit Plain(Sink sink) : Compressor(std::move(sink)) {}
    Status write(std::string_view bytes) override { return sink_(bytes); }
    Status finish() override { return {}; }
};

class Gzip final : public Compressor {
public:
    explicit Gzip(Sink sink) : Compressor(std::move(sink)) {}
    ~Gzip() override { ::deflateEnd(&stream_); }

    Status open() {
        constexpr int gzip_wrapper = 16; // zlib.h: added to windowBits; its header then has no time and no name
        if (::deflateInit2(&stream_, gzip_level, Z_DEFLATED, MAX_WBITS + gzip_wrapper, 9, Z_DEFAULT_STRATEGY) != Z_OK)
            return fail("zlib: cannot start the compressor (out of memory?)");
        return {};
    }
    Status write(std::string_view bytes) override {
        while (!bytes.empty()) {
            const std::string_view part = bytes.substr(0, 1U << 30); // avail_in is an unsigned int
            stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
            stream_.avail_in = static_cast<uInt>(part.size());
            TRY(pump(Z_NO_FLUSH));
            bytes.remove_prefix(part.size());
        }
        return {};
    }
    Status finish() override { return pump(Z_FINISH); }

private:
    Status pump(int flush) {
        for (;;) {
            stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
            stream_.avail_out = static_cast<uInt>(buffer_.size());
            const int code = ::deflate(&stream_, flush);
            if (code == Z_STREAM_ERROR) return fail("zlib: internal error while compressing");
            TRY(sink_({buffer_.data(), buffer_.size() - stream_.avail_out}));
            if (flush == Z_FINISH ? code == Z_STREAM_END : stream_.avail_out != 0) return {};
        }
    }
    z_stream stream_{};
    std::array<char, chunk_size> buffer_{};
};

class Zstd final : public Compressor {
public:
    explicit Zstd(Sink sink) : Compressor(std::move(sink)) {}
    Status open() {
        stream_.reset(::ZSTD_createCCtx());
        if (!stream_ || ::ZSTD_isError(::ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_compressionLevel, zstd_level)))
            return fail("zstd: cannot start the compressor (out of memory?)");
        return {};
    }
    Status write(std::string_view bytes) override { return pump(bytes, ZSTD_e_continue); }
    Status finish() override { return pump({}, ZSTD_e_end); }

private:
    Status pump(std::string_view bytes, ZSTD_EndDirective directive) {
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        for (;;) {
            ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
            const std::size_t left = ::ZSTD_compressStream2(stream_.get(), &out, &in, directive);
            if (::ZSTD_isError(left)) return fail(std::string("zstd: ") + ::ZSTD_getErrorName(left));
            TRY(sink_({buffer_.data(), out.pos}));
            if (directive == ZSTD_e_end ? left == 0 : in.pos == in.size) return {};
        }
    }
    struct Free {
        void operator()(ZSTD_CCtx* stream) const { ::ZSTD_freeCCtx(stream); }
    };
    std::unique_ptr<ZSTD_CCtx, Free> stream_;
    std::array<char, chunk_size> buffer_{};
};

class Xz final : public Compressor {
public:
    explicit Xz(Sink sink) : Compressor(std::move(sink)) {}
    ~Xz() override { ::lzma_end(&stream_); }
    Status open() {
        if (::lzma_easy_encoder(&stream_, xz_preset, LZMA_CHECK_CRC32) != LZMA_OK)
            return fail("xz: cannot start the compressor (out of memory?)");
        return {};
    }
    Status write(std::string_view bytes) override {
        stream_.next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
        stream_.avail_in = bytes.size();
        while (stream_.avail_in > 0) (void)TRY(step(LZMA_RUN));
        return {};
    }
    Status finish() override {
        while (!TRY(step(LZMA_FINISH))) {
        }
        return {};
    }

private:
    Result<bool> step(lzma_action action) { // true at the end of the stream
        stream_.next_out = buffer_.data();
        stream_.avail_out = buffer_.size();
        const lzma_ret code = ::lzma_code(&stream_, action);
        if (code != LZMA_OK && code != LZMA_STREAM_END)
            return fail("xz: cannot compress (liblzma error " + std::to_string(code) + ")");
        TRY(sink_({reinterpret_cast<const char*>(buffer_.data()), buffer_.size() - stream_.avail_out}));
        return code == LZMA_STREAM_END;
    }
    lzma_stream stream_ = LZMA_STREAM_INIT;
    std::array<std::uint8_t, chunk_size> buffer_{};
};

template <typename T>
Result<std::unique_ptr<Compressor>> opened(Compressor::Sink sink) {
    auto made = std::make_unique<T>(std::move(sink));
    TRY(made->open());
    return std::unique_ptr<Compressor>(std::move(made));
}

} // namespace

std::optional<Compression> parse_compression(std::string_view name) {
    for (const Compression one : {Compression::none, Compression::gzip, Compression::zstd, Compression::xz}) {
        if (image::name(one) == name) return one;
    }
    return std::nullopt;
}

std::string_view name(Compression compression) {
    switch (compression) {
    case Compression::none:
        return "none";
    case Compression::gzip:
        return "gzip";
    case Compression::zstd:
        return "zstd";
    case Compression::xz:
        return "xz";
    }
    return "";
}

Result<std::unique_ptr<Compressor>> Compressor::create(Compression compression, Sink sink) {
    switch (compression) {
    case Compression::none:
        return std::unique_ptr<Compressor>(std::make_unique<Plain>(std::move(sink)));
    case Compression::gzip:
        return opened<Gzip>(std::move(sink));
    case Compression::zstd:
        return opened<Zstd>(std::move(sink));
    case Compression::xz:
        return opened<Xz>(std::move(sink));
    }
    return fail("unknown compression");
}

} // namespace bulkhead::image
