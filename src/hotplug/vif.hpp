// dom0's vifs on dom0's bridges: what Xen's tools/hotplug/Linux/vif-bridge does with brctl, ip, awk and a shell, by
// netlink. libxl runs a hotplug program when netback has made the link (libxl_linux.c): for a vif "online" and
// "offline" with type_if=vif, for the tap device of an emulated card "add" and "remove" with type_if=tap.
#pragma once

#include "base/result.hpp"
#include "net/netlink.hpp"
#include "xen/store.hpp"

#include <optional>
#include <string>

namespace bulkhead::hotplug {

// One call of libxl.
struct VifCall {
    std::string path;   // "backend/vif/3/0": the backend's folder, below the home of the backend's domain
    std::string device; // the link's name as the kernel or QEMU gave it: "vif3.0", "vif3.0-emu"
    bool tap = false;   // it is the emulated card's; the same folder serves both
};

// Puts the link on its bridge. Only the vif itself is reported as connected, and its guest told the MTU. A link that is
// there already is made right again. Errors are for the node hotplug-error.
Status add_vif(net::Netlink& netlink, xen::Store& store, const VifCall& call);
// Takes it down and off its bridge; no error when netback has removed it.
Status remove_vif(net::Netlink& netlink, xen::Store& store, const VifCall& call);

// Xen's own script, when it has more to do for this vif than this program does: rules of iptables, which count once
// bridges ask it (br_netfilter) or the vif may have certain addresses only (`ip=`), and hooks of the administrator in
// vif-post.d. `root` is put before every path.
Result<std::optional<std::string>> xens_script(xen::Store& store, const VifCall& call, const std::string& root = "");

} // namespace bulkhead::hotplug
