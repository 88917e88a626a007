// Module indexes, load lists and alias tables of an initramfs.
#include "base/modules.hpp"

#include <cstdlib>

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto index = parse_module_index(text)) {
        for (const auto& [name, module] : *index) {
            if (name.empty() || module.path.front() != '/' || module.path.find("/../") != std::string::npos)
                std::abort();
        }
    }
    (void)parse_module_list(text);
    // Patterns go through fnmatch(3): short device names keep its worst case short.
    if (const auto aliases = parse_module_aliases(text)) {
        (void)modules_for(*aliases, "pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00");
    }
    return 0;
}
