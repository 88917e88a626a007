#include "xen/live.hpp"

#include "xen/libxl.hpp"
#include "xen/mac.hpp"
#include "xen/spec_convert.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstdio>

namespace bulkhead::xen {
namespace {

NicSpec plain(const libxl_device_nic& nic, const std::map<unsigned, std::string>& names) {
    NicSpec spec;
    spec.devid = static_cast<unsigned>(nic.devid);
    spec.mac = format_mac(nic.mac);
    spec.bridge = text_of(nic.bridge);
    // An id, also one that stands where a name may, means nothing on the day when it is read back.
    const auto id = nic.backend_domname != nullptr ? parse_unsigned(nic.backend_domname, no_domid) : nic.backend_domid;
    if (!id) {
        spec.backend = nic.backend_domname;
    } else if (*id != 0) {
        const auto name = names.find(static_cast<unsigned>(*id));
        spec.backend = name != names.end() ? name->second : std::to_string(*id);
    }
    spec.script = text_of(nic.script);
    spec.ip = text_of(nic.ip);
    spec.vifname = text_of(nic.ifname);
    spec.gatewaydev = text_of(nic.gatewaydev);
    spec.model = text_of(nic.model);
    if (nic.nictype == LIBXL_NIC_TYPE_VIF_IOEMU) spec.type = "ioemu";
    if (nic.nictype == LIBXL_NIC_TYPE_VIF) spec.type = "vif";
    if (nic.rate_bytes_per_interval != 0 && nic.rate_interval_usecs != 0) {
        spec.rate = std::to_string(nic.rate_bytes_per_interval * 1'000'000 / nic.rate_interval_usecs) + "B/s@" +
                    std::to_string(nic.rate_interval_usecs) + "us";
    }
    if (nic.mtu > 0) spec.mtu = static_cast<unsigned>(nic.mtu);
    if (!libxl_defbool_is_default(nic.trusted)) spec.trusted = libxl_defbool_val(nic.trusted);
    return spec;
}

PciSpec plain(const libxl_device_pci& device) {
    char text[32];
    std::snprintf(text, sizeof text, "%04x:%02x:%02x.%x", static_cast<unsigned>(device.domain),
                  static_cast<unsigned>(device.bus), static_cast<unsigned>(device.dev),
                  static_cast<unsigned>(device.func));
    return {text, device.msitranslate, device.power_mgmt, device.permissive, device.seize};
}

} // namespace

Result<Live> live_domain(Context& xen, unsigned domain, const std::map<unsigned, std::string>& names) {
    Config config;
    xen.clear();
    if (const int rc = libxl_retrieve_domain_configuration(xen.get(), domain, config.get(), nullptr); rc != 0)
        return xen.error("cannot read the configuration of domain " + std::to_string(domain), rc);
    Live live;
    for (int i = 0; i < config->num_nics; ++i) live.nics.push_back(plain(config->nics[i], names));
    std::sort(live.nics.begin(), live.nics.end(), [](const auto& a, const auto& b) { return a.devid < b.devid; });
    for (int i = 0; i < config->num_disks; ++i) live.disks.push_back(plain(config->disks[i]));
    for (int i = 0; i < config->num_pcidevs; ++i) live.pcis.push_back(plain(config->pcidevs[i]));
    live.memory_kib = config->b_info.target_memkb;
    live.vcpus = static_cast<unsigned>(libxl_bitmap_count_set(&config->b_info.avail_vcpus));
    return live;
}

} // namespace bulkhead::xen
