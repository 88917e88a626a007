#include "image/kernel.hpp"

#include "image/unpack.hpp"

#include <cstdint>

namespace bulkhead::image {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t largest_kernel = 256 << 20;

std::uint32_t le32(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    return value;
}

} // namespace

Result<std::string> extract_vmlinux(std::string_view kernel) {
    if (kernel.starts_with("\x7f"
                           "ELF"sv)) {
        if (kernel.size() > largest_kernel) return fail("the kernel is larger than 256 MiB");
        return std::string(kernel);
    }
    // Offsets of boot.rst: setup_sects 0x1f1, boot_flag 0x1fe, header 0x202, version 0x206, payload_offset 0x248,
    // payload_length 0x24c.
    constexpr std::size_t header_end = 0x250;
    if (kernel.size() < header_end || kernel.substr(0x1fe, 2) != "\x55\xaa" || kernel.substr(0x202, 4) != "HdrS")
        return fail("not a Linux kernel: neither an ELF file nor a bzImage");
    const unsigned version = le32(kernel, 0x206) & 0xffff;
    if (version < 0x208) // the payload fields came with 2.08 (Linux 2.6.26)
        return fail("the kernel's boot protocol is older than 2.08 and does not say where its payload is");
    const unsigned setup_sectors = static_cast<unsigned char>(kernel[0x1f1]);
    const std::size_t setup_size = (std::size_t{setup_sectors == 0 ? 4 : setup_sectors} + 1) * 512;
    const std::size_t offset = setup_size + le32(kernel, 0x248);
    const std::size_t length = le32(kernel, 0x24c);
    if (offset > kernel.size() || length > kernel.size() - offset)
        return fail("the kernel image is cut short: its payload ends behind the end of the file");
    std::string image = TRY(context(unpack(kernel.substr(offset, length), largest_kernel), "the kernel's payload"));
    if (!image.starts_with("\x7f"
                           "ELF"sv))
        return fail("the kernel's payload is not an ELF file");
    return image;
}

} // namespace bulkhead::image
