#include "driverdomain/fallback.hpp"

#include "base/text.hpp"
#include "domain/vif_rules.hpp"
#include "xen/nic.hpp"

#include <string>

namespace bulkhead::driverdomain {
namespace {

// libxl's "BYTES,MICROSECONDS" of credit, back to xl's spelling (xl-network-configuration(5)): bytes per interval to
// bytes per second. Rounded up: xl rounds down when it reads it, and that gives the same credit.
std::string rate_text(std::string_view node) {
    const auto parts = split(node, ',');
    const auto bytes = parse_unsigned(parts[0]);
    const auto interval = parts.size() == 2 ? parse_unsigned(parts[1], UINT32_MAX) : std::nullopt;
    if (!bytes || !interval || *interval == 0 || *bytes > (UINT64_MAX - *interval) / 1'000'000) return "";
    return std::to_string((*bytes * 1'000'000 + *interval - 1) / *interval) + "B/s@" + std::to_string(*interval) + "us";
}

} // namespace

xen::NicSpec spec_of(const ClientVif& vif, unsigned server) {
    xen::NicSpec spec;
    spec.devid = vif.devid;
    spec.mac = vif.node("mac");
    spec.bridge = vif.node("bridge");
    spec.backend = std::to_string(server);
    spec.script = vif.node("script");
    spec.ip = vif.node("ip");
    spec.vifname = vif.node("vifname");
    spec.gatewaydev = vif.node("gatewaydev");
    spec.rate = rate_text(vif.node("rate"));
    spec.type = "vif";
    spec.mtu = static_cast<unsigned>(parse_unsigned(vif.node("mtu"), 65535).value_or(0));
    return spec;
}

Status replace_vif(xen::Context& xen, const ClientVif& vif, unsigned server) {
    TRY(xen::destroy_nic(xen, vif.client, vif.devid));
    xen::Store store = TRY(xen::Store::open());
    TRY(store.transaction(
        [&](xen::Transaction& now) { return domain::tell_again(now, server, vif.client, vif.devid); }));
    TRY(xen::add_nic(xen, vif.client, spec_of(vif, server)));
    return {};
}

} // namespace bulkhead::driverdomain
