#include "image/digest.hpp"

#include "base/fd.hpp"
#include "base/text.hpp"

#include <cerrno>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <unistd.h>

namespace bulkhead::image {
namespace {

std::string finish(sha256_ctx& state) {
    std::uint8_t digest[SHA256_DIGEST_SIZE];
    ::nettle_sha256_digest(&state, sizeof digest, digest);
    std::string text;
    for (const std::uint8_t byte : digest) append_hex(text, byte);
    return text;
}

} // namespace

std::string sha256(std::string_view bytes) {
    sha256_ctx state{};
    ::nettle_sha256_init(&state);
    ::nettle_sha256_update(&state, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
    return finish(state);
}

Result<std::string> sha256_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail_errno(path);
    sha256_ctx state{};
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
