// Operations on domains through libxl. All may take long, or for ever with a hostile
// guest: they belong in a worker process.
#pragma once

#include "base/result.hpp"
#include "xen/context.hpp"
#include "xen/domain_list.hpp"
#include "xen/domain_spec.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::xen {

// As libxl would build it: the JSON that `xl create -N` prints.
Result<std::string> describe(Context& xen, const DomainSpec& spec, const HostDefaults& host);
// The domain's present configuration (libxl_retrieve_domain_configuration), as JSON.
Result<std::string> domain_config(Context& xen, unsigned domain);

// Builds it, paused, and returns its id. When libxl fails the half-made domain is destroyed again. `wanted`: the id
// that it must get, which must be free and not on libxl's list of recent ones (domid_history.hpp).
Result<unsigned> create_domain(Context& xen, const DomainSpec& spec, const HostDefaults& host,
                               std::optional<unsigned> wanted);
// Bytes in KiB that libxl wants free in Xen for the domain, and what is free.
struct MemoryNeed {
    std::uint64_t needed_kib = 0, free_kib = 0;
};
Result<MemoryNeed> memory_need(Context& xen, const DomainSpec& spec, const HostDefaults& host);
// Asks dom0's balloon to give up memory until `needed_kib` is free; as xl does with autoballoon on. Bounded: 30 s.
Status balloon_dom0(Context& xen, std::uint64_t needed_kib);
// dom0_mem= on Xen's command line: then xl leaves dom0's memory alone.
bool dom0_memory_is_fixed(Context& xen);

Status destroy_domain(Context& xen, unsigned domain);
// Asks the guest. `acpi`: for a guest without PV drivers press the power or reset button instead.
Status shutdown_domain(Context& xen, unsigned domain, bool acpi);
Status reboot_domain(Context& xen, unsigned domain, bool acpi);
Status pause_domain(Context& xen, unsigned domain);
Status unpause_domain(Context& xen, unsigned domain);
Status rename_domain(Context& xen, unsigned domain, const std::string& name);
// Turns a domain that shut down into a keepsake under another name and UUID, so that its successor can have both.
Status preserve_domain(Context& xen, unsigned domain, const std::string& name, const std::string& suffix);
// To /var/lib/xen/dump/NAME, where xl puts it, too (XEN_DUMP_DIR); an older one is overwritten.
Status dump_core(Context& xen, unsigned domain, const std::string& name);
// To any file, which is emptied first.
Status dump_core_to(Context& xen, unsigned domain, const std::string& file);

// Blocks until the domain is gone, or with `or_shutdown` until it has shut down.
Status wait_for_end(Context& xen, unsigned domain, bool or_shutdown);

// The xenstore node where xenconsoled or QEMU puts the console's tty. type: "pv", "serial" or "" for the domain's usual
// one.
std::string console_node(const DomainInfo& domain, const std::string& type);

} // namespace bulkhead::xen
