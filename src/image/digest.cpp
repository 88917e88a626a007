#include "image/digest.hpp"

#include "base/fd.hpp"

#include <cerrno>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <unistd.h>

namespace bulkhead::image {
namespace {

std::string finish(sha256_ctx& state) {
    constexpr char hex[] = "0123456789abcdef";
    std::uint8_t digest[SHA256_DIGEST_SIZE];
    ::nettle_sha256_digest(&state, sizeof digest, digest);
    std::string text;
    for (const std::uint8_t byte : digest) text.append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
    return text;
}

} // namespace

std::string sha256(std::string_view bytes) {
    sha256_ctx state;
    ::nettle_sha256_init(&state);
    ::nettle_sha256_update(&state, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
    return finish(state);
}

Result<std::string> sha256_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail_errno(path);
    sha256_ctx state;
    ::nettle_sha256_init(&state);
    std::uint8_t buffer[64 * 1024];
    for (;;) {
        const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(path);
        if (got == 0) return finish(state);
        ::nettle_sha256_update(&state, static_cast<std::size_t>(got), buffer);
    }
}

} // namespace bulkhead::image
