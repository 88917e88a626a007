// What the kernel prints of mounts and swap areas, in which users choose the names; what qemu-img tells of a stranger's
// image; sizes.
#include "storage/disk_info.hpp"
#include "storage/image_format.hpp"
#include "storage/mountinfo.hpp"
#include "storage/size.hpp"

#include <cstdint>
#include <cstdlib>

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto mounts = storage::parse_mountinfo(text);
    if (!mounts && mounts.error().message.empty()) std::abort();
    for (const storage::Mount& mount : mounts.value_or(std::vector<storage::Mount>{})) {
        if (mount.major > 0xfff || mount.minor > 0xfffff || mount.point.size() > size) std::abort();
    }
    (void)storage::parse_swaps(text);
    (void)storage::parse_qemu_info(text);
    const auto volume = storage::parse_lvs(text);
    if (volume && volume->allocated > volume->size) std::abort();
    (void)storage::image_format(text, text.substr(text.size() / 2));
    const auto bytes = storage::parse_size(text);
    if (bytes && (*bytes == 0 || *bytes % 512 != 0)) std::abort();
    return 0;
}
