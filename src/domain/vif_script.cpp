#include "domain/vif_script.hpp"

#include <filesystem>
#include <unistd.h>

namespace bulkhead::domain {
namespace {

constexpr const char* own_script = "/usr/lib/bulkhead/vif-hotplug";

} // namespace

bool goes_on_bridge(const xen::NicSpec& nic) {
    return nic.script.empty() || nic.script == own_script ||
           std::filesystem::path(nic.script).filename() == "vif-bridge";
}

void use_own_script(xen::NicSpec& nic) {
    if (!nic.script.empty() && nic.script != "vif-bridge") return;
    if (::access(own_script, X_OK) == 0) nic.script = own_script;
}

void forget_own_script(xen::NicSpec& nic) {
    if (nic.script == own_script) nic.script.clear();
}

} // namespace bulkhead::domain
