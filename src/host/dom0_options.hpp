// Options of dom0's kernel that matter under Xen. The kernel takes any word, so the check knows these only. Pure.
#pragma once

#include "base/result.hpp"
#include "pci/address.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

// The kernel takes '-' and '_' in a module's name for the same; this is the spelling of the names here.
std::string dom0_name(std::string_view name);

bool is_dom0_option(std::string_view name);
std::vector<std::string> dom0_option_names();

// Whether a name may stand several times, as console does.
bool may_repeat(std::string_view name);

// "NAME=VALUE" or "NAME" as it would stand on the kernel's command line; what is wrong with it, and for what has no
// effect under Xen, what to set instead.
Status check_dom0_option(std::string_view word);

// A pattern of xen-pciback.hide=(00:19.0)(0000:03:00.*) (drivers/xen/xen-pciback/pci_stub.c of Linux 6.1).
struct HiddenDevice {
    pci::Address address;
    bool all_functions = false; // ".*"
    bool operator==(const HiddenDevice&) const = default;
};
// Also takes "00:19.0,03:00.0" without parentheses. The error names the part that is no address.
Result<std::vector<HiddenDevice>> parse_hidden(std::string_view value);
std::string hidden_text(const std::vector<HiddenDevice>& devices); // "(0000:00:19.0)(0000:03:00.*)"

} // namespace bulkhead::host
