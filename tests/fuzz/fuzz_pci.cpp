// PCI addresses that people type and that xl.cfg files hold.
#include "pci/address.hpp"

#include <cstdlib>

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto address = pci::parse_address(text);
    if (address && pci::parse_address(pci::address_text(*address)) != address) std::abort();
    const auto spec = pci::address_of_spec(text);
    if (spec && (spec->device > 31 || spec->function > 7)) std::abort();
    return 0;
}
