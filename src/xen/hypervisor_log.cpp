#include "xen/hypervisor_log.hpp"

extern "C" {
#include <xenctrl.h>
}

namespace bulkhead::xen {
namespace {

constexpr std::size_t text_max = 1 << 20;
constexpr unsigned part_size = 16384;

} // namespace

Result<HypervisorLog> HypervisorLog::open() {
    return HypervisorLog(TRY(Control::open()));
}

Result<std::string> HypervisorLog::more() {
    std::string text;
    std::string part(part_size, '\0');
    while (text.size() < text_max) {
        unsigned count = part_size; // on return what was read
        if (xc_readconsolering(control_.get(), part.data(), &count, 0, 1, &index_) != 0) return fail_errno("Xen's log");
        if (count == 0) break;
        text.append(part, 0, count);
    }
    return text;
}

Result<std::string> HypervisorLog::take() {
    std::string text = TRY(more());
    std::string part(part_size, '\0');
    unsigned count = part_size;
    if (xc_readconsolering(control_.get(), part.data(), &count, 1, 1, &index_) != 0)
        return fail_errno("emptying Xen's log");
    text.append(part, 0, count);
    return text;
}

} // namespace bulkhead::xen
