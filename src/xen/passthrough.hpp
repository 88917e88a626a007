// What Xen itself lets a domain do with a PCI device. libxl gives and takes this together with its notes in xenstore;
// here it is taken without any notes, because libxl was killed in between. For worker processes.
#pragma once

#include "base/result.hpp"
#include "xen/control.hpp"

#include <cstdint>

#include <utility>

namespace bulkhead::xen {

class Passthrough {
public:
    static Result<Passthrough> open();

    // Each is no error when the domain does not have it.
    Status deny_ports(unsigned domain, std::uint64_t first, std::uint64_t count);
    Status deny_memory(unsigned domain, std::uint64_t first, std::uint64_t bytes); // physical address
    Status deny_interrupt(unsigned domain, unsigned interrupt);
    // `sbdf`: segment << 16 | bus << 8 | device << 3 | function. The IOMMU puts the device back into quarantine.
    Status deassign(unsigned domain, std::uint32_t sbdf);

private:
    explicit Passthrough(Control control) : control_(std::move(control)) {}
    Control control_;
};

} // namespace bulkhead::xen
