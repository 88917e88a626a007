// Debian packages: whatever they hold, the visitor sees clean relative paths only.
#include "image/deb.hpp"

#include <cstdint>
#include <cstdlib>

using bulkhead::Status;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    bulkhead::image::DebVisitor visitor;
    std::size_t total = 0;
    visitor.entry = [](const bulkhead::image::DebEntry& entry) -> Status {
        const std::string path = "/" + entry.path + "/";
        if (entry.path.empty() || path.find("//") != std::string::npos || path.find("/../") != std::string::npos)
            std::abort();
        return {};
    };
    visitor.content = [&](std::string_view part) -> Status {
        total += part.size();
        if (total > 4 << 20) return bulkhead::fail("enough for one input");
        return {};
    };
    visitor.end = []() -> Status { return {}; };
    (void)bulkhead::image::read_deb({reinterpret_cast<const char*>(data), size}, visitor);
    return 0;
}
