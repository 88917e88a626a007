// What the kernel prints of mounts and swap areas; users choose the names in it.
#include "storage/mountinfo.hpp"

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
    return 0;
}
