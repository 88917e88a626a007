#include "storage/image_format.hpp"

#include "base/fd.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace bulkhead::storage {
namespace {

Result<std::string> read_at(const Fd& file, off_t at, const std::string& path) {
    std::string bytes(image_probe_size, '\0');
    const ssize_t got = ::pread(file.get(), bytes.data(), bytes.size(), at);
    if (got < 0) return fail_errno(path);
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
}

} // namespace

std::string_view image_format(std::string_view head, std::string_view tail) {
    constexpr std::string_view qcow("QFI\xfb", 4), qed("QED\0", 4), vhd = "conectix";
    if (head.starts_with(qcow)) return head.substr(4, 4) == std::string_view("\0\0\0\1", 4) ? "qcow" : "qcow2";
    if (head.starts_with(qed)) return "qed";
    // Old tools wrote a footer of 511 bytes.
    const bool footer = tail.starts_with(vhd) || (!tail.empty() && tail.substr(1).starts_with(vhd));
    return head.starts_with(vhd) || footer ? "vhd" : "raw";
}

Result<std::string_view> look_at_image(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file) return fail_errno(path);
    const off_t size = ::lseek(file.get(), 0, SEEK_END); // a block device's, too
    if (size < 0) return fail_errno(path);
    const std::string head = TRY(read_at(file, 0, path));
    const std::string tail = TRY(read_at(file, std::max<off_t>(0, size - static_cast<off_t>(image_probe_size)), path));
    return image_format(head, tail);
}

} // namespace bulkhead::storage
