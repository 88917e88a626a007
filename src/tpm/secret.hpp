// Secret: bytes that are wiped when their owner goes away, and that are never copied.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace bulkhead::tpm {

class Secret {
public:
    Secret() = default;
    explicit Secret(std::string_view bytes) : bytes_(new char[bytes.size()]), size_(bytes.size()) {
        std::memcpy(bytes_.get(), bytes.data(), size_);
    }
    Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
    Secret& operator=(Secret&& other) noexcept {
        if (this == &other) return *this;
        wipe();
        bytes_ = std::move(other.bytes_);
        size_ = std::exchange(other.size_, 0);
        return *this;
    }
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret() { wipe(); }

    // Valid as long as the secret.
    [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }
    [[nodiscard]] std::size_t size() const { return size_; }

    // Everything from the descriptor to its end, 1 to `limit` bytes.
    static Result<Secret> read(int fd, std::size_t limit);

private:
    void wipe() {
        if (bytes_) ::explicit_bzero(bytes_.get(), size_);
    }

    std::unique_ptr<char[]> bytes_; // NOLINT(modernize-avoid-c-arrays): a vector would copy when it grows
    std::size_t size_ = 0;
};

} // namespace bulkhead::tpm
