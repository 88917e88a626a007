// Looks at this machine for `bulkhead host check`. Nothing is changed; what cannot be seen stays empty or says why.
#pragma once

#include "host/facts.hpp"

#include <string>

namespace bulkhead::host {

// From files below `root` ("" for this machine): /proc, /sys, /boot, /etc, /usr/lib, /lib/modules and free space.
Facts collect_files(const std::string& root);

// From programs and xenstored: `xl info`, `xl dmesg`, what bulkheadd reads in /etc/xen/xl.conf, xenstored's limits.
// Each has some seconds at most. Needs collect_files() before it.
void collect_running(Facts& facts);

// Pure parts.
std::string version_of_tools(const std::string& folder);             // "4.17" of "xen-4.17"; empty: another folder
bool lists_module(const std::string& list, const std::string& name); // modules.builtin, modules.dep

} // namespace bulkhead::host
