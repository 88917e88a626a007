#include "driverdomain/blocked_dma.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::driverdomain {

std::size_t blocked_dma(std::string_view log, const std::vector<pci::Address>& devices) {
    std::vector<std::string> signs;
    for (const pci::Address& device : devices) {
        const std::string address = pci::address_text(device);
        signs.push_back("Request device [" + address + "]");
        signs.push_back("IO_PAGE_FAULT: " + address + " ");
    }
    const std::vector<std::string_view> lines = split(log, '\n');
    return static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), [&](std::string_view line) {
        return std::any_of(signs.begin(), signs.end(),
                           [&](const std::string& sign) { return line.find(sign) != std::string_view::npos; });
    }));
}

} // namespace bulkhead::driverdomain
